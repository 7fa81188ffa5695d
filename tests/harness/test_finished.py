"""What counts as finished, and how scores of two calls become one record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import pytest

from regene_bench.base.errors import UnavailableError
from regene_bench.data.shapes import Split
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.feature_cache import FeatureCache
from regene_bench.evaluation.metric import Column, Metric, NamedMetric, Score
from regene_bench.harness.finished import unmeasured, with_earlier_scores
from regene_bench.leaderboard.parts import ScoreState
from tests.leaderboard.helpers import record, score


class _Distance(Metric):
    columns = (Column("distance", "lower"),)

    def __init__(self, extractor: str = "net", reference: Split | None = None) -> None:
        super().__init__()
        self._extractor, self._reference = extractor, reference

    @property
    def extractors(self) -> tuple[str, ...]:
        return (self._extractor,)

    @property
    def reference(self) -> Split | None:
        return self._reference

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        yield Score("distance", 0.0)


class _Other(Metric):
    columns = (Column("mark", "higher"),)

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        yield Score("mark", 0.0)


class _Shelf:
    def __init__(self, available: bool) -> None:
        self._available = available

    def extractor(self, name: str) -> object:
        if not self._available:
            raise UnavailableError(name)
        return object()


def _finished(
    states: set[ScoreState] | None, metric: Metric | None = None, *, available: bool = True
) -> bool:
    shelf = cast("FeatureCache", _Shelf(available))
    return not unmeasured(states, [NamedMetric("distance", metric or _Distance())], shelf)


_OTHER = ScoreState("other", "ok")


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (None, False),
        ({ScoreState("distance", "ok", "net", "train")}, True),
        ({ScoreState(None, "failed")}, False),
        ({_OTHER, ScoreState("distance", "failed", "net")}, False),
        ({_OTHER, ScoreState("distance", "skipped")}, True),
    ],
)
def test_a_run_is_finished_when_nothing_of_it_failed(
    states: set[ScoreState] | None, expected: bool
) -> None:
    assert _finished(states) is expected


def test_a_run_is_measured_again_once_its_weights_can_be_had() -> None:
    waiting = {_OTHER, ScoreState("distance", "unavailable", "net")}
    assert _finished(waiting, available=False)
    assert not _finished(waiting, available=True)


def test_a_metric_that_nobody_asked_for_before_is_still_to_be_measured() -> None:
    assert not _finished({_OTHER})


def test_the_same_metric_on_another_extractor_or_split_is_another_one() -> None:
    states = {ScoreState("distance", "ok", "net", "train")}
    assert not _finished(states, _Distance("another"))
    assert not _finished(states, _Distance(reference="test"))
    assert _finished(states, _Distance(reference="train"))


def test_only_what_is_missing_is_measured_if_nothing_failed() -> None:
    shelf = cast("FeatureCache", _Shelf(True))
    metrics = [NamedMetric("old", _Distance("net")), NamedMetric("new", _Distance("another"))]
    states = {ScoreState("distance", "ok", "net")}
    assert [named.name for named in unmeasured(states, metrics, shelf)] == ["new"]
    failed = states | {ScoreState("elsewhere", "failed")}
    assert [named.name for named in unmeasured(failed, metrics, shelf)] == ["old", "new"]


def test_what_was_measured_before_is_kept_beside_what_is_measured_now() -> None:
    before = record(scores=(score("fid", 3.0), score("mae", 0.5)), measure_seconds=2.0)
    now = record(scores=(score("kid", 1.0), score("mae", 0.25)), measure_seconds=1.0)
    merged = with_earlier_scores(now, before)
    assert {s.metric: s.value for s in merged.scores} == {"fid": 3.0, "mae": 0.25, "kid": 1.0}
    assert merged.measure_seconds == 3.0


def test_a_failure_ends_with_the_next_measurement_of_its_column() -> None:
    failed = replace(score("pixels", extractor_id="net"), status="failed", value=None)
    before = record(scores=(score("fid"), failed))
    merged = with_earlier_scores(record(scores=(score("pixels"),)), before)
    assert {(s.metric, s.status) for s in merged.scores} == {("fid", "ok"), ("pixels", "ok")}


def test_a_run_that_failed_before_has_nothing_to_keep() -> None:
    now = record(scores=(score("kid"),))
    assert with_earlier_scores(now, record(status="failed", scores=())) == now


def test_a_model_read_from_its_checkpoints_is_the_one_that_was_trained_then() -> None:
    before = record(device="cuda", gpu_name="A", precision="bfloat16", fit_seconds=100.0)
    now = record(precision="float32", fit_seconds=0.5, scores=(score("kid"),))
    kept = with_earlier_scores(replace(now, restored=True), before)
    assert (kept.device, kept.gpu_name, kept.precision) == ("cuda", "A", "bfloat16")
    assert kept.fit_seconds == 100.0
    assert {s.metric for s in kept.scores} == {"fid", "kid"}
    assert with_earlier_scores(now, before).precision == "float32"


def test_what_was_measured_stays_if_the_model_cannot_be_had_again() -> None:
    before = record(scores=(score("fid", 3.0), score("distance", 2.0, reference_split=None)))
    failed = record(status="failed", error_type="RuntimeError", error_message="no room", scores=())
    metrics = [NamedMetric("mine", _Distance("a")), NamedMetric("other", _Other())]
    kept = with_earlier_scores(failed, before, metrics)
    assert kept.status == "ok"
    states = {(s.metric, s.extractor_id): s.status for s in kept.scores}
    assert states == {
        ("fid", None): "ok",
        ("distance", None): "ok",
        ("distance", "a"): "failed",
        ("mark", None): "failed",
    }
    (message,) = {s.error_message for s in kept.scores if s.metric == "mark"}
    assert message == "other: the model could not be had again: no room"
