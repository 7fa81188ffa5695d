"""Memorisation shouts at training images handed back, and not at fresh ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from regene_bench_plugins.metrics.memorisation import Authenticity, AuthenticityConfig, Memorisation
from torch import Tensor

from regene_bench.api import BenchmarkData, Metric, Score, ssim
from regene_bench.base.errors import Interrupted
from tests.methods.builders import make_data

from .single_samples import evaluation_of_images, noisy, totals

Measure = Callable[..., list[Score]]
PIXELS = Authenticity(AuthenticityConfig(extractor="pixels"))


@pytest.fixture(autouse=True)
def _cache(own_cache: Path) -> None:
    """Features of real images are kept in a cache of the test's own."""


@pytest.fixture
def data() -> BenchmarkData:
    return make_data()


@pytest.fixture
def measured(data: BenchmarkData, tmp_path: Path) -> Measure:
    def measure(images: Tensor, metric: Metric = Memorisation()) -> list[Score]:  # noqa: B008
        labels = torch.zeros(len(images), dtype=torch.int64)
        evaluation = evaluation_of_images(images, labels, data, tmp_path)
        return list(metric.measure(evaluation))

    return measure


def test_training_images_handed_back(data: BenchmarkData, measured: Measure) -> None:
    values = totals(measured(data.train.images[10:60]))
    assert values["nearest_pixels"] == 0.0
    assert values["nearest_ssim"] == pytest.approx(1.0, abs=1e-6)
    assert values["memorised_pixels"] == 1.0
    assert values["copies"] == 50.0


def test_held_out_images_are_neither_copies_nor_all_memorised(
    data: BenchmarkData, measured: Measure
) -> None:
    values = totals(measured(data.test.images))
    assert values["copies"] == 0.0
    assert 0.0 < values["memorised_pixels"] < 1.0
    assert values["nearest_pixels"] > 0.05


def test_noise_on_training_images_leads_away_from_them(
    data: BenchmarkData, measured: Measure
) -> None:
    rows = [totals(measured(noisy(data.train.images, s))) for s in (0.0, 2.0, 20.0, 60.0)]
    distances = [row["nearest_pixels"] for row in rows]
    assert distances == sorted(distances)
    assert rows[1]["nearest_pixels"] == pytest.approx(2.0 / 255, rel=0.1)
    assert [row["memorised_pixels"] for row in rows][:2] == [1.0, 1.0]
    assert rows[-1]["memorised_pixels"] == 0.0


def test_the_scores_say_what_they_come_from(data: BenchmarkData, measured: Measure) -> None:
    scores = measured(data.test.images[:7])
    assert [s.column for s in scores] == [c.name for c in Memorisation.columns]
    assert {(s.n_real, s.n_generated, s.reference_split, s.card) for s in scores} == {
        (len(data.train), 7, "train", None)
    }


def test_the_highest_ssim_is_sought_among_the_ten_nearest_in_pixels(
    data: BenchmarkData, measured: Measure
) -> None:
    image, training = data.test.images[:1], data.train.images
    distances = (image.double() - training.double()).square().sum(dim=(1, 2, 3))
    nearest_ten = training[distances.argsort()[:10]]
    expected = max(float(ssim(image / 255.0, other[None] / 255.0)) for other in nearest_ten)
    assert totals(measured(image))["nearest_ssim"] == pytest.approx(expected, abs=1e-6)


def test_training_images_are_not_authentic(data: BenchmarkData, measured: Measure) -> None:
    values = totals(measured(data.train.images[:50], PIXELS))
    assert values == {
        "nearest_features": 0.0,
        "memorised_features": 1.0,
        "authenticity": 0.0,
    }


def test_noise_is_authentic(data: BenchmarkData, measured: Measure) -> None:
    scores = measured(noisy(data.train.images[:50], 100.0), PIXELS)
    assert totals(scores)["authenticity"] == 1.0
    assert {(s.card.id, s.n_real, s.reference_split) for s in scores} == {
        ("pixels", len(data.train), "train")
    }


def test_features_that_are_pixels_tell_what_pixels_tell(
    data: BenchmarkData, measured: Measure
) -> None:
    pixels, features = (
        totals(measured(data.test.images)),
        totals(measured(data.test.images, PIXELS)),
    )
    assert features["memorised_features"] == pixels["memorised_pixels"]
    assert features["nearest_features"] / (255 * 8) == pytest.approx(pixels["nearest_pixels"])
    assert features["authenticity"] == 1 - features["memorised_features"]


def test_authenticity_uses_the_extractor_that_was_asked_for() -> None:
    assert Authenticity().extractors == ("efficientnet_lite0",)
    assert PIXELS.extractors == ("pixels",)


def test_a_stop_request_is_seen(data: BenchmarkData, tmp_path: Path) -> None:
    labels = torch.zeros(len(data.test), dtype=torch.int64)
    evaluation = evaluation_of_images(data.test.images, labels, data, tmp_path)
    evaluation.runtime.stop.ask("enough")
    with pytest.raises(Interrupted, match="enough"):
        list(Memorisation().measure(evaluation))
