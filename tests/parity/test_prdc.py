"""Precision, recall, density and coverage against prdc: the same counts, not nearly the same."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from regene_bench.evaluation.prdc import precision_recall_density_coverage
from regene_bench.evaluation.radii import neighbour_radii

from .features import inception_like

theirs = pytest.importorskip("prdc.prdc", reason="prdc is missing: NO parity check")


def assert_the_same_counts(real: Tensor, generated: Tensor, k: int) -> None:
    expected = theirs.compute_prdc(real.numpy(), generated.numpy(), k)
    found = dataclasses.asdict(precision_recall_density_coverage(real, generated, k=k, chunk=256))
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert found[name] == pytest.approx(float(value), abs=1e-12), name


@pytest.mark.parametrize("k", [1, 3, 5, 20])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("n", "m", "dimension"), [(300, 200, 2), (500, 700, 64), (30, 900, 16)])
def test_equal_features_give_equal_numbers(
    n: int, m: int, dimension: int, dtype: torch.dtype, k: int
) -> None:
    real = inception_like(n, dimension, 0).to(dtype)
    generated = inception_like(m, dimension, 1, shift=0.05).to(dtype)
    assert_the_same_counts(real, generated, k)


@pytest.mark.parametrize("seed", range(10))
def test_gaussian_features_give_equal_numbers(seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    real, generated = (torch.randn(600, 24, generator=draw) for _ in range(2))
    assert_the_same_counts(real, 0.9 * generated, 5)


def test_radii_are_prdcs_to_its_own_rounding() -> None:
    features = inception_like(700, 128, 2)
    expected = theirs.compute_nearest_neighbour_distances(features.numpy(), 5)
    found = neighbour_radii(features, 5)
    assert torch.equal(found, torch.from_numpy(expected))


@pytest.mark.slow
def test_two_thousand_inception_like_features_give_equal_numbers() -> None:
    real, generated = inception_like(2000, 2048, 3), inception_like(2300, 2048, 4, shift=0.02)
    assert_the_same_counts(real, generated, 5)


@pytest.mark.slow
def test_the_numbers_in_prdcs_readme() -> None:
    # printed there for 10,000 normal samples each in 1000 dimensions; spread over draws ~ 0.01
    draw = torch.Generator().manual_seed(0)
    real, generated = (torch.randn(10_000, 1000, generator=draw) for _ in range(2))
    found = precision_recall_density_coverage(real, generated)
    assert dataclasses.astuple(found) == pytest.approx((0.4772, 0.4705, 1.0555, 0.9735), abs=0.05)
