"""What the rows of ``vendi``, ``mmd`` and ``rarity`` say of images."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from regene_bench_plugins.metrics.mmd import GaussianMmd, kernel_for
from regene_bench_plugins.metrics.rarity import Rarity
from regene_bench_plugins.metrics.vendi import Vendi, VendiConfig, VendiPerClass

from regene_bench.api import BenchmarkData, MethodError
from tests.methods.builders import make_data
from tests.metrics.test_distances import PIXELS, measured

from .single_samples import by_class, noisy, totals


@pytest.fixture(autouse=True)
def _cache(own_cache: Path) -> None:
    """Features of real images are kept in a cache of the test's own."""


@pytest.fixture
def data() -> BenchmarkData:
    return make_data(per_class=120)


def test_one_image_of_each_class_is_as_many_kinds_as_classes_at_most(
    data: BenchmarkData, tmp_path: Path
) -> None:
    places = torch.cat([data.test.of_class(label)[:1].repeat(20) for label in range(3)])
    images, labels = data.test.images[places], data.test.labels[places]
    found = totals(measured(Vendi(VendiConfig(extractor="pixels")), images, labels, data, tmp_path))
    assert 1 < found["vendi_infinity"] <= found["vendi_2"] <= found["vendi"]
    assert found["vendi"] <= found["vendi_half"] <= 3


def test_copies_of_one_image_are_one_of_a_class(data: BenchmarkData, tmp_path: Path) -> None:
    size = min(len(data.train.of_class(label)) for label in range(3))
    places = torch.cat([data.train.of_class(label)[:1].repeat(size) for label in range(3)])
    images, labels = data.train.images[places], data.train.labels[places]
    collapsed = measured(VendiPerClass(PIXELS), images, labels, data, tmp_path / "one")
    every = torch.cat([data.train.of_class(label)[:size] for label in range(3)])
    copied = measured(
        VendiPerClass(PIXELS), data.train.images[every], data.train.labels[every], data, tmp_path
    )
    assert by_class(copied, "vendi_per_class") == pytest.approx(
        dict.fromkeys(data.class_names, 1.0)
    )
    for name, value in by_class(collapsed, "vendi_per_class").items():
        assert 0 < value < 0.9, name


def test_the_gaussian_discrepancy_rises_with_noise_and_tells_its_bandwidth(
    data: BenchmarkData, tmp_path: Path
) -> None:
    rows = [
        measured(GaussianMmd(PIXELS), noisy(data.test.images, s), data.test.labels, data, tmp_path)
        for s in (0.0, 40.0, 160.0)
    ]
    values = [row.value for (row,) in rows]
    assert values == sorted(values)
    assert values[-1] > 5 * values[0]
    ((row,), *_) = rows
    median = torch.pdist(data.train.images.double().flatten(1)).median()
    assert row.note == f"bandwidth {float(median):.6g}, the median distance of real images"


def test_real_images_are_in_their_own_neighbourhoods_and_noise_in_none(
    data: BenchmarkData, tmp_path: Path
) -> None:
    labels = data.train.labels[:90]
    real = measured(Rarity(PIXELS), data.train.images[:90], labels, data, tmp_path)
    assert totals(real)["rarity_outside"] == 0.0
    assert totals(real)["rarity"] > 0
    noise = torch.randint(0, 256, (90, 1, 8, 8), dtype=torch.uint8)
    (row, *skipped) = measured(Rarity(PIXELS), noise, labels, data, tmp_path)
    assert (row.column, row.value) == ("rarity_outside", 1.0)
    assert skipped == []


@pytest.mark.parametrize(
    ("extractor", "note"),
    [
        ("timm:vit_base_patch16_clip_224.openai", "bandwidth 10, features of unit length"),
        ("pixels", "bandwidth"),
    ],
)
def test_clip_networks_have_the_published_kernel(extractor: str, note: str) -> None:
    real = torch.tensor([[3.0, 0.0], [0.0, 4.0], [3.0, 4.0]])
    generated = torch.tensor([[0.0, 2.0], [5.0, 0.0]])
    prepared = kernel_for(extractor, real, generated, lambda: 7.5)
    assert prepared.note.startswith(note)
    lengths = prepared.generated.norm(dim=1).tolist()
    if extractor == "pixels":
        assert (prepared.bandwidth, lengths) == (7.5, [2.0, 5.0])
    else:
        assert (prepared.bandwidth, lengths) == (10.0, [1.0, 1.0])


def test_real_images_that_are_all_alike_have_no_kernel() -> None:
    with pytest.raises(MethodError, match="same features"):
        kernel_for("pixels", torch.ones(4, 2), torch.ones(3, 2), lambda: 0.0)
