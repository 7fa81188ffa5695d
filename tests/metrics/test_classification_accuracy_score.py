"""A classifier of generated images is as good on real ones as the images are."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from regene_bench_plugins.metrics import classification_accuracy_score
from regene_bench_plugins.metrics.classification_accuracy_score import ClassificationAccuracyScore
from regene_bench_plugins.metrics.image_sets import subset_per_class_like
from torch import Tensor

from regene_bench.api import BenchmarkData, DeviceImages, Score
from regene_bench.evaluation.metric import NamedMetric
from regene_bench.harness.measure import measure_all
from tests.methods.builders import make_data

from .single_samples import by_class, evaluation_of_images, noisy, reasons_of, scores_of, totals


@pytest.fixture(autouse=True)
def _short(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stripes are learnt in a few steps."""
    monkeypatch.setattr(classification_accuracy_score, "_LEAST_SEEN", 1280)


@pytest.fixture(scope="module")
def data() -> BenchmarkData:
    return make_data()


@pytest.fixture(scope="module")
def fresh(data: BenchmarkData) -> DeviceImages:
    """Sixty images as a good generator would make them: near real ones and none of them."""
    return DeviceImages(noisy(data.test.images, 3.0), data.test.labels)


def measured(images: Tensor, labels: Tensor, data: BenchmarkData, folder: Path) -> list[Score]:
    evaluation = evaluation_of_images(images, labels, data, folder)
    return scores_of(ClassificationAccuracyScore(), evaluation)


def test_images_like_real_ones_teach_what_real_ones_teach(
    data: BenchmarkData, fresh: DeviceImages, tmp_path: Path
) -> None:
    scores = measured(fresh.images, fresh.labels, data, tmp_path)
    values = totals(scores)
    assert set(values) == {"cas", "cas_augmented", "cas_real"}
    assert min(values.values()) > 0.9
    assert set(by_class(scores, "cas")) == set(data.class_names)
    first = scores[0]
    assert (first.n_real, first.n_generated, first.reference_split) == (60, 60, "test")
    assert first.note == "trained on 60 generated images"
    notes = {s.column: s.note for s in scores if s.class_name is None}
    assert notes["cas_augmented"] == "trained on 60 real and 60 generated images"
    assert notes["cas_real"] == "trained on 60 real images"


def test_images_that_it_was_trained_on_do_not_test_it(data: BenchmarkData, tmp_path: Path) -> None:
    scores = measured(data.test.images[:15], data.test.labels[:15], data, tmp_path)
    assert {s.n_real for s in scores if s.class_name is None} == {45}
    whole = evaluation_of_images(data.test.images, data.test.labels, data, tmp_path)
    reasons = reasons_of(ClassificationAccuracyScore(), whole)
    assert set(reasons) == {"cas", "cas_augmented", "cas_real"}
    assert reasons["cas"] == "every test image is among the generated ones"
    assert measured(data.test.images, data.test.labels, data, tmp_path) == []


def test_wrong_labels_teach_the_wrong_thing(
    data: BenchmarkData, fresh: DeviceImages, tmp_path: Path
) -> None:
    shifted = (fresh.labels + 1) % 3
    values = totals(measured(fresh.images, shifted, data, tmp_path))
    assert values["cas"] < 0.1
    assert values["cas_real"] > 0.9


def test_the_baseline_is_the_same_for_all_runs_and_trained_once(
    data: BenchmarkData, fresh: DeviceImages, tmp_path: Path, own_cache: Path
) -> None:
    first = totals(measured(fresh.images, fresh.labels, data, tmp_path))
    trained = {folder.name for folder in (own_cache / "neutral").iterdir()}
    blank = torch.zeros_like(fresh.images)
    second = totals(measured(blank, fresh.labels, data, tmp_path))
    new = {folder.name for folder in (own_cache / "neutral").iterdir()} - trained
    assert second["cas_real"] == first["cas_real"]
    assert (len(trained), len(new)) == (3, 2)
    assert second["cas"] < 0.5 < first["cas"]


def test_training_it_is_not_charged_to_the_method(
    data: BenchmarkData, fresh: DeviceImages, tmp_path: Path
) -> None:
    evaluation = evaluation_of_images(fresh.images, fresh.labels, data, tmp_path / "run")
    assert list(ClassificationAccuracyScore().measure(evaluation))
    assert evaluation.runtime.ledger == []
    assert not (tmp_path / "run").exists()


def test_large_images_are_reduced_in_their_proportions(tmp_path: Path) -> None:
    data = make_data(height=40, width=80)
    reduced = classification_accuracy_score._reduced(data.test)
    assert reduced.images.shape == (60, 1, 16, 32)
    assert reduced.images.dtype == torch.uint8
    mean = data.test.images.double().mean()
    assert float(reduced.images.double().mean()) == pytest.approx(float(mean), rel=0.02)
    images = noisy(data.test.images, 3.0)
    assert totals(measured(images, data.test.labels, data, tmp_path))["cas"] > 0.9


def test_as_many_real_images_of_each_class_as_were_generated() -> None:
    images = torch.arange(60, dtype=torch.uint8).reshape(60, 1, 1, 1)
    real = DeviceImages(images, torch.arange(60) % 3)
    labels = torch.tensor([0] * 5 + [2] * 30)
    chosen = subset_per_class_like(labels, real, "a")
    assert chosen.labels.bincount().tolist() == [5, 0, 20]
    assert len(chosen.images.unique()) == 25
    assert torch.equal(subset_per_class_like(labels, real, "a").images, chosen.images)
    assert not torch.equal(subset_per_class_like(labels, real, "b").images, chosen.images)


def test_one_class_alone_or_no_labels_have_no_such_score(
    data: BenchmarkData, fresh: DeviceImages, tmp_path: Path
) -> None:
    one = fresh.subset(fresh.of_class(0))
    for evaluation in (
        evaluation_of_images(one.images, one.labels, data, tmp_path),
        evaluation_of_images(fresh.images, fresh.labels, data, tmp_path, labelled=False),
    ):
        rows = measure_all([NamedMetric("cas", ClassificationAccuracyScore())], evaluation)
        assert {row.status for row in rows} == {"skipped"}
