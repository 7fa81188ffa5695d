"""Each metric is measured in isolation: one that cannot be had is a row that says why."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import torch

from regene_bench.base.errors import Interrupted, UnavailableError
from regene_bench.data.device_images import BenchmarkData
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.extractor import ExtractorCard
from regene_bench.evaluation.metric import Column, Metric, NamedMetric, Score, Skipped
from regene_bench.harness.measure import measure_all
from regene_bench.leaderboard.record import ScoreRow
from regene_bench.plugins.host import load_plugins
from regene_bench.runtime.stop import StopRequest
from tests.evaluation.fakes import HalvingModel
from tests.evaluation.test_evaluation import evaluation_of
from tests.methods.builders import make_data
from tests.metrics.single_samples import evaluation_of_images

CARD = ExtractorCard("net", 32, (0.0, 1.0), 4, "abc", "resize-32")


class Good(Metric):
    columns = (Column("good", "higher", "points"),)

    def measure(self, evaluation: Evaluation) -> Iterable[Score]:
        yield Score("good", 2.0, std=0.5, interval=(1.0, 3.0), n_real=3, n_generated=4, card=CARD)
        yield Score("good", 1.0, class_name="stripe 1", reference_split="test", note="few")


def metric_that(function: Callable[[], Iterable[Score | Skipped]], *requires: str) -> NamedMetric:
    class Made(Metric):
        columns = (Column("first", "lower"), Column("second", "none", "s"))

        def measure(self, evaluation: Evaluation) -> Iterable[Score | Skipped]:
            return function()

    Made.requires = requires or ("generate",)
    return NamedMetric("made", Made())


def raising(error: BaseException) -> Callable[[], Iterable[Score]]:
    def function() -> Iterable[Score]:
        yield Score("first", 1.0)
        raise error

    return function


@pytest.fixture(scope="module")
def data() -> BenchmarkData:
    return make_data()


@pytest.fixture
def evaluation(data: BenchmarkData, tmp_path: Path) -> Evaluation:
    return evaluation_of(HalvingModel(), data, tmp_path)


def measured(evaluation: Evaluation, metric: NamedMetric) -> list[ScoreRow]:
    """Rows of a metric that stands between two good ones, which must be unharmed."""
    good = NamedMetric("good", Good())
    rows = list(measure_all([good, metric, good], evaluation))
    assert [row.status for row in rows[:2] + rows[-2:]] == ["ok"] * 4
    return rows[2:-2]


def test_scores_become_rows_with_all_that_makes_them_comparable(evaluation: Evaluation) -> None:
    total, of_class = measure_all([NamedMetric("good", Good())], evaluation)
    assert total == ScoreRow(
        metric="good",
        value=2.0,
        std=0.5,
        ci_low=1.0,
        ci_high=3.0,
        n_real=3,
        n_generated=4,
        direction="higher",
        unit="points",
        extractor_id="net",
        weights_sha256="abc",
        preprocess_id="resize-32",
    )
    assert of_class == ScoreRow(
        metric="good",
        value=1.0,
        class_name="stripe 1",
        direction="higher",
        unit="points",
        reference_split="test",
        note="few",
    )


@pytest.mark.parametrize(
    "error", [ValueError("cannot"), MemoryError("cannot"), SystemExit("cannot")]
)
def test_a_metric_that_raises_is_a_failed_row_for_each_column(
    error: BaseException, evaluation: Evaluation
) -> None:
    rows = measured(evaluation, metric_that(raising(error)))
    assert [(row.metric, row.status, row.value) for row in rows] == [
        ("first", "failed", None),
        ("second", "failed", None),
    ]
    assert rows[0].error_type == type(error).__name__
    assert rows[0].error_message == "made: cannot"
    assert (rows[1].direction, rows[1].unit) == ("none", "s")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_score_that_is_not_finite_is_a_failed_row(value: float, evaluation: Evaluation) -> None:
    rows = measured(evaluation, metric_that(lambda: [Score("first", value)]))
    assert {row.status for row in rows} == {"failed"}
    assert str(value) in (rows[0].error_message or "")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Score("first", torch.tensor(2.5)), {"value": 2.5}),  # type: ignore[arg-type]
        (Score("first", np.float32(2.5)), {"value": 2.5}),  # type: ignore[arg-type]
        (Score("first", np.array([2.5])), {"value": 2.5}),  # type: ignore[arg-type]
        (Score("first", 1, std=torch.tensor(0.5)), {"value": 1.0, "std": 0.5}),  # type: ignore[arg-type]
        (Score("first", 1, interval=torch.tensor([0.0, 2.0])), {"ci_low": 0.0, "ci_high": 2.0}),  # type: ignore[arg-type]
        (Score("first", 1, n_real=np.int64(7), n_generated=torch.tensor(8)), {"n_real": 7}),  # type: ignore[arg-type]
        (Score("first", 1, note="a\udc80b"), {"note": "a\\udc80b"}),
    ],
    ids=["tensor", "numpy", "array", "spread", "interval", "counts", "surrogate"],
)
def test_what_is_plainly_meant_is_taken_for_it(
    given: Score, expected: dict[str, object], evaluation: Evaluation
) -> None:
    first, _ = measured(evaluation, metric_that(lambda: [given]))
    assert first.status == "ok"
    for name, value in expected.items():
        assert getattr(first, name) == value
        assert type(getattr(first, name)) is type(value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("first", 1.0), "a tuple, not a Score"),
        (Score("first", "2.5"), "the text '2.5'"),  # type: ignore[arg-type]
        (Score("first", None), "no number"),  # type: ignore[arg-type]
        (Score("first", torch.zeros(2)), "no number"),  # type: ignore[arg-type]
        (Score("first", 1 + 2j), "no number"),  # type: ignore[arg-type]
        (Score("first", 1, std=float("nan")), "The spread of first is nan"),
        (Score("first", 1, std=-1), "less than 0"),
        (Score("first", 1, interval=(2, 3)), "does not hold its 1"),
        (Score("first", 1, interval=(float("nan"), 3)), "An end of the interval"),
        (Score("first", 1, interval=3), "The interval of first is 3"),  # type: ignore[arg-type]
        (Score("first", 1, class_name=3), "The class of first is a int, not text"),  # type: ignore[arg-type]
        (Score("first", 1, note=None), "The note of first is a NoneType"),  # type: ignore[arg-type]
        (Score("first", 1, n_real=2.5), "The n_real of first is 2.5"),  # type: ignore[arg-type]
        (Score("first", 1, n_generated=1 << 70), "no number of images"),
        (Score("first", 1, reference_split="validation"), "'validation'"),  # type: ignore[arg-type]
        (Score("first", 1, card="net"), "The card of first is a str"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_stand_in_a_row_is_a_failed_row(
    given: Score, words: str, evaluation: Evaluation
) -> None:
    rows = measured(evaluation, metric_that(lambda: [given]))
    assert {(row.status, row.error_type) for row in rows} == {("failed", "MethodError")}
    assert words in (rows[0].error_message or "")


def test_two_scores_of_one_measure_are_no_score(evaluation: Evaluation) -> None:
    twice = [Score("first", 1.0), Score("second", 1.0), Score("first", 9.0)]
    rows = measured(evaluation, metric_that(lambda: twice))
    assert {row.status for row in rows} == {"failed"}
    assert "gave 2 scores for first" in (rows[0].error_message or "")
    # of two classes, or under two extractors, they are two measures
    apart = [Score("first", float(i), class_name=f"stripe {i}", card=CARD) for i in range(2)]
    rows = measured(evaluation, metric_that(lambda: apart))
    assert [row.status for row in rows] == ["ok", "ok", "skipped"]


def test_a_score_under_an_extractor_says_which(evaluation: Evaluation) -> None:
    named = metric_that(lambda: [Score("first", 1.0)])
    type(named.metric).extractors = ("net",)  # type: ignore[assignment]
    rows = measured(evaluation, named)
    assert "does not say which extractor" in (rows[0].error_message or "")


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("and no message")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Mute(), "its message cannot be read: RuntimeError"),
        (ValueError("a\udc80b"), "a\\udc80b"),
        (ValueError("x" * 5_000_000), "4990000 characters more"),
        (asyncio.CancelledError("cannot"), "cannot"),
        (GeneratorExit("cannot"), "cannot"),
    ],
    ids=["mute", "surrogate", "long", "cancelled", "exit"],
)
def test_to_tell_of_a_failure_cannot_fail(
    error: BaseException, words: str, evaluation: Evaluation, tmp_path: Path
) -> None:
    rows = measured(evaluation, metric_that(raising(error)))
    assert {(row.status, row.error_type) for row in rows} == {("failed", type(error).__name__)}
    message = rows[0].error_message or ""
    assert words in message
    assert len(message.encode()) < 20_000


def test_a_score_of_an_undeclared_column_is_a_failed_row(evaluation: Evaluation) -> None:
    rows = measured(evaluation, metric_that(lambda: [Score("third", 1.0)]))
    assert [row.metric for row in rows] == ["first", "second"]
    assert {row.status for row in rows} == {"failed"}
    assert "third" in (rows[0].error_message or "")


def test_what_is_unavailable_says_how_to_get_it(evaluation: Evaluation) -> None:
    error = UnavailableError("no weights", hint="fetch them")
    rows = measured(evaluation, metric_that(raising(error)))
    assert [(row.metric, row.status) for row in rows] == [
        ("first", "unavailable"),
        ("second", "unavailable"),
    ]
    assert rows[0].error_message == "no weights\nfetch them"


def test_a_missing_capability_skips_the_metric_without_calling_it(evaluation: Evaluation) -> None:
    def never() -> Iterable[Score]:
        pytest.fail("it was measured")

    rows = measured(evaluation, metric_that(never, "encode", "classify"))
    assert [(row.metric, row.status) for row in rows] == [
        ("first", "skipped"),
        ("second", "skipped"),
    ]
    assert rows[0].error_message == "the model cannot classify"


def test_a_column_without_a_score_is_a_skipped_row(evaluation: Evaluation) -> None:
    rows = measured(evaluation, metric_that(lambda: [Score("second", 1.0)]))
    assert [(row.metric, row.status, row.value) for row in rows] == [
        ("second", "ok", 1.0),
        ("first", "skipped", None),
    ]


def test_a_metric_that_needs_labels_is_skipped_without_them(
    data: BenchmarkData, tmp_path: Path
) -> None:
    evaluation = evaluation_of(None, data, tmp_path, labelled=False)
    rows = measured(evaluation, metric_that(list, "encode", "labels"))
    assert {row.status for row in rows} == {"skipped"}
    assert rows[0].error_message == "the model cannot encode and the samples have no labels"


def test_an_empty_row_names_the_extractor_and_split_that_were_asked_for(
    evaluation: Evaluation,
) -> None:
    class Asked(Metric):
        columns = (Column("asked", "lower"),)
        requires = ("classify",)
        extractors = ("net",)
        reference = "test"

        def measure(self, evaluation: Evaluation) -> Iterable[Score]:
            return ()

    (row,) = measured(evaluation, NamedMetric("asked", Asked()))
    assert (row.extractor_id, row.reference_split) == ("net", "test")


def test_an_interruption_passes_through(evaluation: Evaluation) -> None:
    with pytest.raises(Interrupted):
        measure_all([metric_that(raising(Interrupted("the test")))], evaluation)


def test_a_stop_is_heeded_between_metrics(data: BenchmarkData, tmp_path: Path) -> None:
    evaluation = evaluation_of(HalvingModel(), data, tmp_path)
    stop: StopRequest = evaluation.runtime.stop

    def ask() -> Iterable[Score]:
        stop.ask("the test")
        return []

    def never() -> Iterable[Score]:
        sys.exit("it was measured")

    with pytest.raises(Interrupted, match="the test"):
        measure_all([metric_that(ask), metric_that(never)], evaluation)


def test_a_total_that_the_images_do_not_allow_says_why_and_scores_of_classes_stay(
    evaluation: Evaluation,
) -> None:
    metric = metric_that(
        lambda: iter([Skipped("first", "no pair"), Score("first", 1.0, class_name="stripe 1")])
    )
    first, of_class, second = measured(evaluation, metric)
    assert (first.status, first.value, first.error_message) == ("skipped", None, "no pair")
    assert (of_class.status, of_class.class_name) == ("ok", "stripe 1")
    assert (second.metric, second.status) == ("second", "skipped")


@pytest.mark.parametrize(
    ("metric", "n", "words"),
    [
        ("fd_infinity", 3, "3 generated samples are too few"),
        ("prdc", 3, "no 5th neighbour"),
        ("fd", 1, "at least 2 samples"),
    ],
)
def test_a_metric_that_needs_more_images_is_skipped_and_says_so(
    data: BenchmarkData, tmp_path: Path, own_cache: Path, metric: str, n: int, words: str
) -> None:
    kind = load_plugins().find("metric", metric).load()
    few = evaluation_of_images(data.test.images[:n], data.test.labels[:n], data, tmp_path)
    named = NamedMetric(metric, kind(kind.Config(extractor="pixels")))
    rows = measure_all([named], few)
    assert {row.status for row in rows} == {"skipped"}
    assert all(words in str(row.error_message) for row in rows)
