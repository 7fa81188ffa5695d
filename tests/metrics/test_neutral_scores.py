"""Accuracy with its interval, and the trials that it means, by a classifier known to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from regene_bench_plugins.metrics.neutral_scores import NeutralClassifierScores
from regene_bench_plugins.metrics.trials import NeutralTrials

from regene_bench.api import BenchmarkData, Evaluation
from regene_bench.evaluation.metric import NamedMetric
from regene_bench.harness.measure import measure_all
from tests.methods.builders import make_data

from .single_samples import by_class, evaluation_of_images, reasons_of, scores_of, totals


@pytest.fixture(scope="module")
def data() -> BenchmarkData:
    return make_data()


def with_wrong(counts: dict[int, int], data: BenchmarkData, folder: Path) -> Evaluation:
    """The 20 test images a class, of which so many of each class show another one's stripe."""
    images, labels = data.test.images.clone(), data.test.labels
    for label, wrong in counts.items():
        other = data.test.of_class((label + 1) % 3)
        images[data.test.of_class(label)[:wrong]] = data.test.images[other[:wrong]]
    return evaluation_of_images(images, labels, data, folder)


def test_accuracy_overall_and_by_class_with_error_and_interval(
    data: BenchmarkData, tmp_path: Path
) -> None:
    scores = scores_of(NeutralClassifierScores(), with_wrong({0: 5, 1: 2}, data, tmp_path))
    assert totals(scores)["accuracy_neutral"] == pytest.approx(53 / 60)
    expected = {"stripe 0": 0.75, "stripe 1": 0.9, "stripe 2": 1.0}
    assert by_class(scores, "accuracy_neutral") == pytest.approx(expected)
    first = next(s for s in scores if s.class_name == "stripe 0")
    assert first.std == pytest.approx((0.75 * 0.25 / 20) ** 0.5)
    assert first.interval == pytest.approx((0.5313, 0.8881), abs=1e-4)
    assert first.n_generated == 20


def test_images_without_labels_have_an_inception_score_and_no_accuracy(
    data: BenchmarkData, tmp_path: Path
) -> None:
    evaluation = evaluation_of_images(
        data.test.images, data.test.labels, data, tmp_path, labelled=False
    )
    metrics = [
        NamedMetric("neutral", NeutralClassifierScores()),
        NamedMetric("trials_neutral", NeutralTrials()),
    ]
    rows = {row.metric: row for row in measure_all(metrics, evaluation)}
    assert {name: row.status for name, row in rows.items()} == {
        "is_neutral": "ok",
        "accuracy_neutral": "skipped",
        "trials_neutral": "skipped",
    }
    assert rows["accuracy_neutral"].error_message == "the samples have no labels"
    labelled = scores_of(NeutralClassifierScores(), with_wrong({}, data, tmp_path))
    assert rows["is_neutral"].value == totals(labelled)["is_neutral"]


def test_trials_are_n_over_the_accepted_share_and_the_total_is_their_sum(
    data: BenchmarkData, tmp_path: Path
) -> None:
    scores = scores_of(NeutralTrials(), with_wrong({0: 10, 1: 4}, data, tmp_path))
    expected = {"stripe 0": 40.0, "stripe 1": 25.0, "stripe 2": 20.0}
    assert by_class(scores, "trials_neutral") == pytest.approx(expected)
    assert totals(scores)["trials_neutral"] == pytest.approx(85.0)
    assert all("estimated" in score.note for score in scores)
    errors = {s.class_name: s.std for s in scores}
    assert errors["stripe 2"] == 0.0
    assert errors["stripe 0"] == pytest.approx(40 * (0.25 / 20) ** 0.5 / 0.5)
    parts = [errors[name] for name in expected]
    assert errors[None] == pytest.approx(sum(e**2 for e in parts if e is not None) ** 0.5)


def test_a_class_of_which_nothing_is_accepted_has_no_number_and_leaves_no_total(
    data: BenchmarkData, tmp_path: Path
) -> None:
    evaluation = with_wrong({1: 20}, data, tmp_path)
    scores = scores_of(NeutralTrials(), evaluation)
    reasons = reasons_of(NeutralTrials(), evaluation)
    assert reasons == {"trials_neutral": "nothing was accepted as stripe 1"}
    assert totals(scores) == {}
    assert set(by_class(scores, "trials_neutral")) == {"stripe 0", "stripe 2"}
    assert all(s.note.endswith("nothing was accepted as stripe 1") for s in scores)


def test_classes_that_nobody_asked_for_do_not_count(data: BenchmarkData, tmp_path: Path) -> None:
    keep = torch.isin(data.test.labels, torch.tensor([0, 2]))
    evaluation = evaluation_of_images(
        data.test.images[keep], data.test.labels[keep], data, tmp_path
    )
    scores = scores_of(NeutralTrials(), evaluation)
    assert totals(scores)["trials_neutral"] == 40.0
    assert set(by_class(scores, "trials_neutral")) == {"stripe 0", "stripe 2"}
