"""Diversity within a class is that of real images, or less, or noise."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from regene_bench_plugins.metrics.diversity import Diversity, SsimDiversity
from regene_bench_plugins.metrics.feature_metric import FeatureMetricConfig, ReferenceConfig
from torch import Tensor

from regene_bench.api import BenchmarkData, Metric, Score
from tests.methods.builders import make_data

from .single_samples import by_class, evaluation_of_images, noisy, reasons_of, scores_of, totals

FEATURES = Diversity(FeatureMetricConfig(extractor="pixels"))


@pytest.fixture(autouse=True)
def _cache(own_cache: Path) -> None:
    """Features of real images are kept in a cache of the test's own."""


@pytest.fixture
def data() -> BenchmarkData:
    return make_data()


def measured(
    metric: Metric, images: Tensor, labels: Tensor, data: BenchmarkData, folder: Path
) -> list[Score]:
    evaluation = evaluation_of_images(images, labels, data, folder)
    return scores_of(metric, evaluation)


def test_the_real_images_themselves_are_as_diverse_as_real_images(
    data: BenchmarkData, tmp_path: Path
) -> None:
    train = data.train
    for metric, column in ((FEATURES, "features"), (SsimDiversity(), "ssim")):
        scores = measured(metric, train.images, train.labels, data, tmp_path)
        assert totals(scores)[f"diversity_{column}_ratio"] == 1.0
        assert set(by_class(scores, f"diversity_{column}_ratio").values()) == {1.0}


def test_feature_diversity_is_the_mean_distance_of_pairs_and_the_mean_over_classes(
    data: BenchmarkData, tmp_path: Path
) -> None:
    test = data.test
    scores = measured(FEATURES, test.images, test.labels, data, tmp_path)
    expected = {
        name: float(torch.pdist(test.images[test.of_class(i)].flatten(1).double()).mean())
        for i, name in enumerate(data.class_names)
    }
    assert by_class(scores, "diversity_features") == pytest.approx(expected, rel=1e-6)
    total = totals(scores)["diversity_features"]
    assert total == pytest.approx(sum(expected.values()) / 3, rel=1e-6)


def test_a_collapsed_class_has_none_and_the_others_keep_theirs(
    data: BenchmarkData, tmp_path: Path
) -> None:
    images, labels = data.test.images.clone(), data.test.labels
    images[data.test.of_class(1)] = images[data.test.of_class(1)[0]].clone()
    features = measured(FEATURES, images, labels, data, tmp_path)
    assert by_class(features, "diversity_features")["stripe 1"] == 0.0
    ssims = measured(SsimDiversity(), images, labels, data, tmp_path)
    assert by_class(ssims, "diversity_ssim")["stripe 1"] == pytest.approx(1.0, abs=1e-6)
    for scores, column in ((features, "features"), (ssims, "ssim")):
        ratios = by_class(scores, f"diversity_{column}_ratio")
        assert ratios["stripe 1"] == pytest.approx(0.0, abs=1e-5)
        assert ratios["stripe 0"] == pytest.approx(1.0, abs=0.15)
        assert totals(scores)[f"diversity_{column}_ratio"] == pytest.approx(2 / 3, abs=0.1)


def test_noise_passes_real_images_so_that_more_is_not_better(
    data: BenchmarkData, tmp_path: Path
) -> None:
    images = noisy(data.test.images, 60.0)
    for metric, column in ((FEATURES, "features"), (SsimDiversity(), "ssim")):
        scores = measured(metric, images, data.test.labels, data, tmp_path)
        assert totals(scores)[f"diversity_{column}_ratio"] > 1.1
        assert {c.direction for c in metric.columns} == {"reference"}


def test_a_class_with_one_image_has_no_diversity_to_speak_of(
    data: BenchmarkData, tmp_path: Path
) -> None:
    keep = torch.cat([data.test.of_class(0), data.test.of_class(1)[:1]])
    images, labels = data.test.images[keep], data.test.labels[keep]
    scores = measured(SsimDiversity(), images, labels, data, tmp_path)
    assert set(by_class(scores, "diversity_ssim")) == {"stripe 0"}
    total = next(s for s in scores if s.class_name is None)
    assert total.note == "2 of 3 classes have no pair of images"
    evaluation = evaluation_of_images(images[-1:], labels[-1:], data, tmp_path)
    assert scores_of(SsimDiversity(), evaluation) == []
    reasons = reasons_of(SsimDiversity(), evaluation)
    assert set(reasons) == {"diversity_ssim", "diversity_ssim_ratio"}
    assert all("no class has a pair of images" in reason for reason in reasons.values())


def test_the_scores_name_split_and_extractor(data: BenchmarkData, tmp_path: Path) -> None:
    on_test = Diversity(FeatureMetricConfig(extractor="pixels", reference="test"))
    args = (data.test.images, data.test.labels, data, tmp_path)
    scores = measured(on_test, *args)
    assert {(s.reference_split, s.card and s.card.id) for s in scores} == {("test", "pixels")}
    assert totals(scores)["diversity_features_ratio"] == 1.0
    scores = measured(SsimDiversity(ReferenceConfig(reference="test")), *args)
    assert {(s.reference_split, s.card) for s in scores} == {("test", None)}
