"""Metrics are chosen by name and options, and a wrong one is named before anything runs."""

from __future__ import annotations

import pytest

from regene_bench.base.errors import ConfigError, UsageError
from regene_bench.plan.metrics import choose_metrics, extractors_of
from regene_bench.plan.protocol import load_benchmark
from regene_bench.plugins.host import load_plugins

HOST = load_plugins()
DIGITS = load_benchmark(HOST, "digits")


def test_the_protocols_metrics_count_where_none_are_asked_for() -> None:
    names = [named.name for named in choose_metrics(HOST, DIGITS)]
    assert names == list(DIGITS.evaluation.metrics)


def test_options_reach_the_metric() -> None:
    (named,) = choose_metrics(HOST, DIGITS, "fid[reference=test]")
    assert named.name == "fid[reference=test]"
    assert named.metric.reference == "test"


def test_a_list_of_options_makes_one_metric_each() -> None:
    metrics = choose_metrics(HOST, DIGITS, "fid[reference=train|test],neutral")
    assert [m.name for m in metrics] == ["fid[reference=train]", "fid[reference=test]", "neutral"]
    assert extractors_of(metrics) == ["inception", "neutral"]


def test_an_extractors_name_with_a_colon_is_no_range() -> None:
    (named,) = choose_metrics(HOST, DIGITS, "kid[extractor=timm:resnet18]")
    assert named.metric.extractors == ("timm:resnet18",)


def test_a_metric_asked_for_twice_is_measured_once() -> None:
    assert [named.name for named in choose_metrics(HOST, DIGITS, "fid,fid")] == ["fid"]


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ("fit", UsageError, ["'fit'", "'fid'"]),
        ("fid[refrence=test]", ConfigError, ["metric fid", "'refrence'", "'reference'"]),
        ("fid[reference=tset]", ConfigError, ["reference = 'tset'", "'test'"]),
        ("fid[", UsageError, ["not closed"]),
    ],
)
def test_a_wrong_choice_is_explained(asked: str, error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        choose_metrics(HOST, DIGITS, asked)
    for word in words:
        assert word in str(caught.value)


def test_the_ranking_column_must_be_measured_by_the_protocol() -> None:
    evaluation = DIGITS.evaluation.model_copy(update={"rank_by": "fib"})
    benchmark = DIGITS.model_copy(update={"evaluation": evaluation})
    with pytest.raises(ConfigError, match="'fid'"):
        choose_metrics(HOST, benchmark)
