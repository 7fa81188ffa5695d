"""The discrepancy under a Gaussian kernel against closed forms and its definition."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from regene_bench.base.errors import MethodError
from regene_bench.evaluation.mmd import gaussian_mmd, median_distance

from .builders import gaussian, rotation


def by_definition(first: Tensor, second: Tensor, bandwidth: float) -> float:
    def mean(a: Tensor, b: Tensor) -> float:
        squares = (a.double()[:, None] - b.double()[None]).square().sum(2)
        return float((-squares / (2 * bandwidth**2)).exp().mean())

    return mean(first, first) + mean(second, second) - 2 * mean(first, second)


@pytest.mark.parametrize(("dtype", "error"), [(torch.float64, 1e-14), (torch.float32, 1e-7)])
@pytest.mark.parametrize("distance", [0.0, 0.5, 3.0])
def test_two_points_have_the_kernels_closed_form(
    distance: float, dtype: torch.dtype, error: float
) -> None:
    first, second = torch.zeros(4, 3, dtype=dtype), torch.zeros(9, 3, dtype=dtype)
    second[:, 0] = distance
    expected = 2 - 2 * math.exp(-(distance**2) / 2 / 1.7**2)
    assert gaussian_mmd(first, second, 1.7) == pytest.approx(expected, abs=error)


def test_two_gaussians_have_their_closed_form() -> None:
    # E k = (σ² / (σ² + 2))^(D/2) exp(−|m|² / 2(σ² + 2)) between unit Gaussians whose means are m
    # apart; the estimate counts N pairs of a sample with itself
    n, dimension, sigma = 4000, 3, 2.0
    first = gaussian(n, dimension, 0)
    second = gaussian(n, dimension, 1, shift=0.8)
    within = (sigma**2 / (sigma**2 + 2)) ** (dimension / 2)
    apart = within * math.exp(-dimension * 0.8**2 / 2 / (sigma**2 + 2))
    expected = 2 * (within - apart) + 2 * (1 - within) / n
    assert gaussian_mmd(first, second, sigma) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(("n", "m"), [(20, 20), (1030, 70)])
def test_the_tiles_give_the_definition(n: int, m: int) -> None:
    first, second = gaussian(n, 5, 0), gaussian(m, 5, 1, shift=0.3, scale=0.7)
    expected = by_definition(first, second, 2.5)
    assert gaussian_mmd(first, second, 2.5) == pytest.approx(expected, rel=1e-5)
    assert gaussian_mmd(second, first, 2.5) == pytest.approx(expected, rel=1e-5)


def test_it_does_not_depend_on_where_the_features_lie() -> None:
    first, second = gaussian(50, 6, 0), gaussian(60, 6, 1, shift=0.2)
    turn = rotation(6, 2)
    expected = gaussian_mmd(first, second, 3.0)
    moved = gaussian_mmd(first @ turn + 1000, second @ turn + 1000, 3.0)
    assert moved == pytest.approx(expected, rel=1e-9)
    # float32 keeps four digits behind the point there
    stored = (first + 1000).float(), (second + 1000).float()
    assert gaussian_mmd(*stored, 3.0) == pytest.approx(expected, rel=1e-3)


def test_a_set_has_none_from_itself() -> None:
    features = gaussian(40, 4, 0)
    assert gaussian_mmd(features, features, 1.0) == pytest.approx(0, abs=1e-9)


def test_the_median_distance_is_that_of_all_pairs() -> None:
    line = torch.tensor([[0.0], [1.0], [3.0]])
    assert median_distance(line) == 2.0
    # two values far apart: an evenly spread choice of a sorted set keeps both
    assert median_distance(torch.arange(10_000.0)[:, None], most=500) == pytest.approx(
        2920, rel=0.01
    )


def test_the_median_distance_is_not_that_of_the_first_samples() -> None:
    # two groups far apart, one after the other: a half of all pairs and a few lie across
    groups = torch.cat([torch.zeros(1999, 1), torch.full((2000, 1), 40.0)])
    assert median_distance(groups, most=2000) == 40.0


def test_nonsense_is_refused() -> None:
    with pytest.raises(MethodError, match="at least 2"):
        gaussian_mmd(gaussian(1, 3, 0), gaussian(5, 3, 0), 1.0)
    for bandwidth in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="bandwidth"):
            gaussian_mmd(gaussian(5, 3, 0), gaussian(5, 3, 0), bandwidth)
    with pytest.raises(ValueError, match="no distance"):
        median_distance(torch.zeros(1, 3))
