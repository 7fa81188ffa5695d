"""Metrics of distributions: their rows, and what they say of images that are known."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from regene_bench_plugins.metrics.feature_metric import FeatureMetricConfig
from regene_bench_plugins.metrics.frechet import (
    FrechetDistance,
    FrechetInfinity,
    FrechetPerClass,
    FrechetReal,
    FrechetReconstruction,
    ReconstructionConfig,
)
from regene_bench_plugins.metrics.inception_score import InceptionScore, InceptionScoreConfig
from regene_bench_plugins.metrics.kid import KernelDistance
from regene_bench_plugins.metrics.prdc import Prdc
from torch import Tensor

from regene_bench.api import (
    BenchmarkData,
    DeviceImages,
    Features,
    MethodError,
    Metric,
    Score,
    frechet_distance,
    inception_score,
    kernel_distance,
)
from tests.evaluation.fakes import HalvingModel
from tests.methods.builders import make_data

from .single_samples import (
    Pixels,
    by_class,
    evaluation_of_images,
    noisy,
    reasons_of,
    scores_of,
    totals,
)

PIXELS = FeatureMetricConfig(extractor="pixels")
ON_TEST = FeatureMetricConfig(extractor="pixels", reference="test")
LOGITS = InceptionScoreConfig(extractor="pixels")
DISTANCES = (FrechetDistance, FrechetInfinity, FrechetPerClass, KernelDistance)


@pytest.fixture(autouse=True)
def _cache(own_cache: Path) -> None:
    """Features of real images are kept in a cache of the test's own."""


@pytest.fixture
def data() -> BenchmarkData:
    return make_data(per_class=120)


def measured(
    metric: Metric,
    images: Tensor,
    labels: Tensor,
    data: BenchmarkData,
    folder: Path,
    model: object = None,
) -> list[Score]:
    evaluation = evaluation_of_images(images, labels, data, folder, model=model)
    return scores_of(metric, evaluation)


def pixels(images: Tensor) -> Tensor:
    return images.float().flatten(1)


@pytest.mark.parametrize("metric", DISTANCES)
def test_distances_rise_with_noise(
    metric: type[Metric], data: BenchmarkData, tmp_path: Path
) -> None:
    test = data.test
    found = [
        totals(measured(metric(PIXELS), noisy(test.images, s), test.labels, data, tmp_path))
        for s in (0.0, 40.0, 80.0, 160.0)
    ]
    values = [value for scores in found for value in scores.values()]
    assert values == sorted(values)
    assert values[-1] > 2 * abs(values[0])


@pytest.mark.parametrize("metric", [*DISTANCES, FrechetReal, Prdc])
def test_rows_say_what_they_compare(
    metric: type[Metric], data: BenchmarkData, tmp_path: Path
) -> None:
    test = data.test
    for config, split in ((PIXELS, "train"), (ON_TEST, "test")):
        with_config = metric(config)
        assert with_config.extractors == ("pixels",)
        scores = measured(with_config, test.images, test.labels, data, tmp_path)
        assert {s.column for s in scores} == {c.name for c in metric.columns}
        assert {s.reference_split for s in scores} == {split}
        assert {s.card.id for s in scores if s.card} == {"pixels"}
        assert all(s.card and s.n_real and s.n_generated for s in scores)


def test_the_frechet_distance_is_of_the_features_asked_for(
    data: BenchmarkData, tmp_path: Path
) -> None:
    images, labels = data.test.images[:100], data.test.labels[:100]
    (score,) = measured(FrechetDistance(PIXELS), images, labels, data, tmp_path)
    assert score.value == frechet_distance(pixels(data.train.images), pixels(images))
    assert (score.n_real, score.n_generated, score.note) == (360, 100, "")
    (score,) = measured(FrechetDistance(ON_TEST), images, labels, data, tmp_path)
    assert score.value == frechet_distance(pixels(data.test.images), pixels(images))


def test_too_few_images_for_the_dimensions_are_noted(data: BenchmarkData, tmp_path: Path) -> None:
    images, labels = data.test.images[:64], data.test.labels[:64]
    (score,) = measured(FrechetDistance(PIXELS), images, labels, data, tmp_path)
    assert score.note == "64 images for 64 dimensions: biased upwards, singular"


def test_classes_are_compared_with_themselves(data: BenchmarkData, tmp_path: Path) -> None:
    test, metric = data.test, FrechetPerClass(PIXELS)
    scores = measured(metric, test.images, test.labels, data, tmp_path)
    expected = {
        name: frechet_distance(
            pixels(data.train.images[data.train.of_class(i)]),
            pixels(test.images[test.of_class(i)]),
        )
        for i, name in enumerate(data.class_names)
    }
    assert by_class(scores, "fd_per_class") == pytest.approx(expected)
    values = torch.tensor(list(expected.values()), dtype=torch.float64)
    (overall,) = [s for s in scores if s.class_name is None]
    assert overall.value == pytest.approx(float(values.mean()))
    assert overall.std == pytest.approx(float(values.std(unbiased=False)))
    first = data.class_names[0]
    assert overall.note == (
        f"mean and spread over 3 classes; 3 of these 3 with a note, as {first}: "
        "60 images for 64 dimensions: biased upwards, singular"
    )
    assert {s.n_generated for s in scores if s.class_name} == {60}
    assert all("60 images for 64" in s.note for s in scores if s.class_name)


def test_confused_classes_show_only_where_classes_are_looked_at(
    data: BenchmarkData, tmp_path: Path
) -> None:
    test = data.test
    swapped = (test.labels + 1) % 3
    overall = [
        measured(FrechetDistance(PIXELS), test.images, labels, data, tmp_path)[0].value
        for labels in (test.labels, swapped)
    ]
    assert overall[0] == overall[1]
    right, wrong = (
        totals(measured(FrechetPerClass(PIXELS), test.images, labels, data, tmp_path))
        for labels in (test.labels, swapped)
    )
    assert wrong["fd_per_class"] > 3 * right["fd_per_class"]


def test_a_class_with_one_image_has_no_distance(data: BenchmarkData, tmp_path: Path) -> None:
    labels = torch.tensor([0] * 30 + [1] * 30 + [2])
    scores = measured(FrechetPerClass(PIXELS), data.test.images[:61], labels, data, tmp_path)
    assert set(by_class(scores, "fd_per_class")) == {"stripe 0", "stripe 1"}
    only_one = measured(
        FrechetPerClass(PIXELS), data.test.images[:1], torch.tensor([0]), data, tmp_path
    )
    assert only_one == []


def test_a_model_that_gives_images_back_loses_nothing_to_reconstruction(
    data: BenchmarkData, tmp_path: Path
) -> None:
    test, metric = data.test, FrechetReconstruction(ReconstructionConfig(extractor="pixels"))
    images = noisy(test.images, 40.0)
    scores = measured(metric, images, test.labels, data, tmp_path, model=HalvingModel())
    values = totals(scores)
    scale = float(pixels(test.images).var(dim=0).sum())
    assert values["fd_original_reconstructed"] == pytest.approx(0, abs=1e-6 * scale)
    from_originals = frechet_distance(pixels(test.images), pixels(images))
    assert values["fd_reconstructed_generated"] == pytest.approx(from_originals)
    assert values["fd_original_generated"] == pytest.approx(from_originals)
    assert {s.reference_split for s in scores} == {"test"}


def test_all_three_distances_are_of_one_split_and_one_number_of_images(
    data: BenchmarkData, tmp_path: Path
) -> None:
    metric = FrechetReconstruction(ReconstructionConfig(extractor="pixels"))
    images, labels = data.test.images[:21], data.test.labels[:21]
    scores = measured(metric, images, labels, data, tmp_path, model=HalvingModel())
    assert {(s.reference_split, s.n_real, s.n_generated) for s in scores} == {("test", 21, 21)}
    assert len(scores) == 3


def test_reconstructions_of_classes_that_are_not_generated_are_left_out(
    data: BenchmarkData, tmp_path: Path
) -> None:
    of_one = data.test.of_class(1)
    images, labels = data.test.images[of_one], data.test.labels[of_one]
    metric = FrechetReconstruction(ReconstructionConfig(extractor="pixels"))
    scores = measured(metric, images, labels, data, tmp_path, model=HalvingModel())
    scale = float(pixels(images).var(dim=0).sum())
    assert totals(scores) == pytest.approx(dict.fromkeys(totals(scores), 0), abs=1e-6 * scale)
    assert {s.n_real for s in scores} == {len(of_one)}


@pytest.mark.parametrize("labelled", [True, False])
def test_reconstructions_are_as_many_as_generations_of_their_classes(
    labelled: bool, data: BenchmarkData, tmp_path: Path
) -> None:
    half = torch.cat([data.test.of_class(label)[:10] for label in range(3)])
    images, labels = data.test.images[half], data.test.labels[half]
    metric = FrechetReconstruction(ReconstructionConfig(extractor="pixels"))
    evaluation = evaluation_of_images(
        images, labels, data, tmp_path, model=HalvingModel(), labelled=labelled
    )
    assert {s.n_real for s in metric.measure(evaluation)} == {len(half)}


def test_the_extrapolated_distance_says_its_slope_and_interval(
    data: BenchmarkData, tmp_path: Path
) -> None:
    test = data.test
    (plain,) = measured(FrechetDistance(PIXELS), test.images, test.labels, data, tmp_path)
    (score,) = measured(FrechetInfinity(PIXELS), test.images, test.labels, data, tmp_path)
    assert score.value < plain.value
    assert score.std is not None
    assert score.std > 0
    assert score.note.startswith("slope ")
    assert score.interval is not None
    low, high = score.interval
    assert low < score.value < high
    assert high - low == pytest.approx(2 * 2.16037 * score.std, rel=1e-3)


def test_real_images_are_at_the_distance_of_real_images(
    data: BenchmarkData, tmp_path: Path
) -> None:
    test = data.test
    (baseline,) = measured(FrechetReal(PIXELS), test.images, test.labels, data, tmp_path)
    (found,) = measured(FrechetDistance(PIXELS), test.images, test.labels, data, tmp_path)
    assert (baseline.n_generated, baseline.n_real, baseline.note) == (180, 180, "")
    assert baseline.std is not None
    assert baseline.value == pytest.approx(found.value, rel=0.5)
    noise = noisy(test.images, 60.0)
    (worse,) = measured(FrechetDistance(PIXELS), noise, test.labels, data, tmp_path)
    assert worse.value > baseline.value + 10 * baseline.std


def test_the_baseline_says_if_there_are_too_few_real_images(
    data: BenchmarkData, tmp_path: Path
) -> None:
    images = data.test.images.repeat(2, 1, 1, 1)
    labels = data.test.labels.repeat(2)
    (score,) = measured(FrechetReal(PIXELS), images, labels, data, tmp_path)
    assert (score.n_generated, score.n_real) == (180, 180)
    assert score.note == "360 were generated: their bias is smaller"


def test_the_kernel_distance_is_of_generated_images_first(
    data: BenchmarkData, tmp_path: Path
) -> None:
    test = data.test
    (score,) = measured(KernelDistance(PIXELS), test.images, test.labels, data, tmp_path)
    expected = kernel_distance(pixels(test.images), pixels(data.train.images), subset_size=180)
    assert (score.value, score.std) == expected
    assert score.note == "subsets of 180 images, not 1000"


def test_noise_lies_outside_and_copies_inside_the_real_images(
    data: BenchmarkData, tmp_path: Path
) -> None:
    test, metric = data.test, Prdc(PIXELS)
    real = totals(measured(metric, test.images, test.labels, data, tmp_path))
    assert min(real.values()) > 0.5
    far = totals(measured(metric, 255 - test.images, test.labels, data, tmp_path))
    assert far == dict.fromkeys(("precision", "recall", "density", "coverage"), 0.0)
    one = test.images[:1].expand(100, -1, -1, -1)
    collapsed = totals(measured(metric, one, test.labels[:100], data, tmp_path))
    assert collapsed["recall"] == 0.0
    assert collapsed["coverage"] < 0.2


def test_the_inception_score_is_of_the_logits(data: BenchmarkData, tmp_path: Path) -> None:
    test, metric = data.test, InceptionScore(LOGITS)
    (score,) = measured(metric, test.images, test.labels, data, tmp_path)
    logits = Pixels({}).extract(test.images).logits
    assert logits is not None
    assert (score.value, score.std) == inception_score(logits)
    assert score.value == pytest.approx(3, rel=0.05)
    assert (score.n_generated, score.n_real, score.note) == (180, None, "")


@pytest.mark.parametrize(
    ("n", "splits", "note"),
    [
        (30, 10, ""),
        (29, 9, "9 splits, not 10: each needs as many images as there are classes (3)"),
        (5, 1, "1 split, not 10: each needs as many images as there are classes (3)"),
    ],
)
def test_a_split_with_fewer_images_than_classes_is_none(
    data: BenchmarkData, tmp_path: Path, n: int, splits: int, note: str
) -> None:
    images, labels = data.test.images[:n], data.test.labels[:n]
    (score,) = measured(InceptionScore(LOGITS), images, labels, data, tmp_path)
    logits = Pixels({}).extract(images).logits
    assert logits is not None
    value, spread = inception_score(logits, splits=splits)
    assert (score.value, score.note) == (value, note)
    assert score.value > 1.5
    assert score.std == (spread if splits > 1 else None)


def test_fewer_images_than_classes_have_no_inception_score_and_it_is_said_why(
    data: BenchmarkData, tmp_path: Path
) -> None:
    test = data.test
    evaluation = evaluation_of_images(test.images, test.labels, data, tmp_path)
    evaluation.generated = DeviceImages(test.images[:2], test.labels[:2])
    assert scores_of(InceptionScore(LOGITS), evaluation) == []
    reasons = reasons_of(InceptionScore(LOGITS), evaluation)
    assert reasons["inception_score"].startswith("2 images of 3 classes: not even one split")


def test_classes_of_one_image_have_no_distance_and_it_is_said(
    data: BenchmarkData, tmp_path: Path
) -> None:
    metric, test = FrechetPerClass(PIXELS), data.test
    pair = evaluation_of_images(test.images[:4], test.labels[:4], data, tmp_path)
    total, of_class = scores_of(metric, pair)
    assert (total.value, total.std, of_class.class_name) == (of_class.value, None, "stripe 0")
    assert "2 of 3 have no pair of images" in total.note
    alone = evaluation_of_images(test.images[:3], test.labels[:3], data, tmp_path)
    assert scores_of(metric, alone) == []
    assert reasons_of(metric, alone)["fd_per_class"].startswith("no class has two images")


def test_an_extractor_without_logits_has_no_inception_score(
    data: BenchmarkData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pixels, "extract", lambda self, images: Features(pixels(images)))
    with pytest.raises(MethodError, match="'pixels' gives no logits"):
        measured(InceptionScore(LOGITS), data.test.images, data.test.labels, data, tmp_path)


def test_the_defaults_are_the_extractors_that_the_names_promise() -> None:
    assert InceptionScore().extractors == ("inception",)
    assert FrechetDistance().extractors == ("efficientnet_lite0",)
    assert FrechetReconstruction().reference == "test"
    assert FrechetDistance(ON_TEST).reference == "test"
