"""What the rows of ``fld`` say of images."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from regene_bench_plugins.metrics.fld import FeatureLikelihoodDivergence, FldConfig

from regene_bench.api import BenchmarkData, Score
from tests.methods.builders import make_data
from tests.metrics.test_distances import measured

from .single_samples import evaluation_of_images, noisy, reasons_of, totals


@pytest.fixture(autouse=True)
def _cache(own_cache: Path) -> None:
    """Features of real images are kept in a cache of the test's own."""


@pytest.fixture
def data() -> BenchmarkData:
    return make_data(per_class=60)


def fld() -> FeatureLikelihoodDivergence:
    return FeatureLikelihoodDivergence(FldConfig(extractor="pixels"))


def rows_of(images: torch.Tensor, data: BenchmarkData, tmp_path: Path) -> list[Score]:
    return measured(fld(), images, data.train.labels[: len(images)], data, tmp_path)


def test_noise_raises_it_and_copies_of_training_images_raise_it_and_open_the_gap(
    data: BenchmarkData, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    little, much, copies = (
        totals(rows_of(images, data, tmp_path))
        for images in (
            noisy(data.test.images, 10.0),
            noisy(data.test.images, 100.0),
            data.train.images,
        )
    )
    assert little["fld"] < much["fld"] < copies["fld"]
    assert copies["fld_gap"] < -100 < 4 * little["fld_gap"]


def test_a_row_says_which_images_it_is_of(data: BenchmarkData, tmp_path: Path) -> None:
    row = rows_of(noisy(data.test.images, 30.0), data, tmp_path)[0]
    assert (row.n_real, row.n_generated, row.reference_split) == (
        len(data.test),
        len(data.test),
        "test",
    )
    assert row.note == f"fitted to {len(data.train)} training images"


def test_of_test_images_themselves_nothing_is_said(data: BenchmarkData, tmp_path: Path) -> None:
    evaluation = evaluation_of_images(data.test.images, data.test.labels, data, tmp_path)
    assert reasons_of(fld(), evaluation) == dict.fromkeys(
        ("fld", "fld_gap"), "the generated images are test images"
    )


def test_of_three_images_nothing_is_said(data: BenchmarkData, tmp_path: Path) -> None:
    images = noisy(data.test.images[:3], 30.0)
    evaluation = evaluation_of_images(images, data.test.labels[:3], data, tmp_path)
    assert reasons_of(fld(), evaluation) == dict.fromkeys(
        ("fld", "fld_gap"), "fewer than 4 images on a side"
    )
