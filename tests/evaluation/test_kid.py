"""The kernel distance against closed forms and against its definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from regene_bench.base.errors import MethodError
from regene_bench.evaluation.kid import kernel_distance

from .builders import gaussian, permuted, rotation


def by_definition(x: Tensor, y: Tensor) -> float:
    """The unbiased estimator as three double sums."""
    n, m, d = len(x), len(y), x.shape[1]

    def k(a: Tensor, b: Tensor) -> float:
        return (float(a @ b) / d + 1) ** 3

    within_x = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j)
    within_y = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j)
    between = sum(k(a, b) for a in x for b in y)
    return within_x / (n * (n - 1)) + within_y / (m * (m - 1)) - 2 * between / (n * m)


@pytest.mark.parametrize("dimension", [1, 7, 2048])
def test_a_point_at_zero_against_a_point_at_ones_is_seven(dimension: int) -> None:
    found = kernel_distance(torch.zeros(9, dimension), torch.ones(12, dimension), subsets=3)
    # in float32 a sum of 2048 equal products is off by its rounding in one direction
    assert found == (pytest.approx(7, rel=3e-6), pytest.approx(0, abs=1e-6))


def test_two_shifted_gaussians_have_a_closed_form() -> None:
    # x·y/16 + 1 has a mean and moments that give 1.029297 for N(0, I) against N(½, I)
    first, second = gaussian(60_000, 16, 0), gaussian(60_000, 16, 1, shift=0.5)
    mean, spread = kernel_distance(first, second, subsets=60)
    assert mean == pytest.approx(1.029297, abs=4 * spread / 60**0.5)
    assert spread < 0.05


@pytest.mark.parametrize(("n", "dimension"), [(2, 3), (9, 4), (20, 2)])
def test_one_subset_of_everything_is_the_definition(n: int, dimension: int) -> None:
    first, second = gaussian(n, dimension, 2), gaussian(n, dimension, 3, shift=1, scale=2)
    mean, spread = kernel_distance(first, second, subsets=1)
    assert mean == pytest.approx(by_definition(first, second), rel=1e-12)
    assert spread == 0


def test_subsets_are_no_larger_than_the_smaller_set() -> None:
    first, second = gaussian(5, 4, 2), gaussian(30, 4, 3)
    found = kernel_distance(first, second, subsets=4)
    assert found == kernel_distance(first, second, subsets=4, subset_size=5)
    assert found[1] > 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("subsets", [2, 100])
def test_many_subsets_that_share_kernels_are_what_each_is_alone(
    subsets: int, dtype: torch.dtype
) -> None:
    # two subsets of 400 have their kernels computed apart, a hundred share those of all samples
    first, second = gaussian(2100, 8, 8).to(dtype), gaussian(1500, 8, 9, shift=0.1).to(dtype)
    rng = np.random.RandomState(2020)
    alone = []
    for _ in range(subsets):
        x = first[torch.from_numpy(rng.choice(2100, 400, replace=False))]
        y = second[torch.from_numpy(rng.choice(1500, 400, replace=False))]
        alone.append(kernel_distance(x, y, subsets=1)[0])
    found = kernel_distance(first, second, subsets=subsets, subset_size=400)
    assert found == pytest.approx((np.mean(alone), np.std(alone)), rel=1e-6, abs=1e-9)


def test_equal_distributions_are_at_zero_on_average_and_below_it_too() -> None:
    values = [
        kernel_distance(gaussian(40, 6, 2 * s), gaussian(40, 6, 2 * s + 1), subsets=1)[0]
        for s in range(200)
    ]
    assert min(values) < 0 < max(values)
    assert abs(np.mean(values)) < 4 * np.std(values) / 200**0.5


@given(st.integers(2, 30), st.integers(1, 8), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_order_sides_and_a_rotation_do_not_matter(n: int, dimension: int, seed: int) -> None:
    first, second = gaussian(n, dimension, seed), gaussian(n, dimension, seed + 1, shift=1)
    plain, _ = kernel_distance(first, second, subsets=1)
    turn = rotation(dimension, seed)
    for other in (
        kernel_distance(second, first, subsets=1),
        kernel_distance(permuted(first, 1), permuted(second, 2), subsets=1),
        kernel_distance(first @ turn, second @ turn, subsets=1),
    ):
        assert other[0] == pytest.approx(plain, rel=1e-9, abs=1e-9)


def test_the_subsets_are_fixed_by_their_seed() -> None:
    first, second = gaussian(90, 4, 4), gaussian(80, 4, 5)
    found = kernel_distance(first, second, subset_size=30)
    np.random.seed(1)
    torch.manual_seed(1)
    assert kernel_distance(first, second, subset_size=30) == found
    assert kernel_distance(first, second, subset_size=30, seed=1) != found


def test_float32_features_lose_little() -> None:
    first, second = gaussian(3000, 256, 6).float(), gaussian(3000, 256, 7, shift=0.02).float()
    in_full, _ = kernel_distance(first.double(), second.double(), subsets=10)
    assert kernel_distance(first, second, subsets=10)[0] == pytest.approx(in_full, abs=1e-7)


@pytest.mark.parametrize("subsets", [2, 60])
def test_float32_features_far_from_the_origin_lose_little(subsets: int) -> None:
    """Kernels of 10^6 whose sums differ by 10^2: float32 products are off by more than that."""
    first = (gaussian(1500, 64, 6) + 10).float()
    second = (gaussian(1500, 64, 7, shift=0.05) + 10).float()
    in_full, _ = kernel_distance(first.double(), second.double(), subsets=subsets, subset_size=400)
    found, _ = kernel_distance(first, second, subsets=subsets, subset_size=400)
    assert found == pytest.approx(in_full, rel=1e-5)


def test_sets_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(MethodError, match="4 and 5 dimensions"):
        kernel_distance(torch.zeros(9, 4), torch.zeros(9, 5))
    with pytest.raises(MethodError, match="at least 2 samples, not 1"):
        kernel_distance(torch.zeros(9, 4), torch.zeros(1, 4))
    with pytest.raises(MethodError, match="first features are not finite in 9 of 9"):
        kernel_distance(torch.full((9, 4), torch.nan), torch.zeros(9, 4))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("subsets", [2, 100])
def test_features_are_read_whatever_holds_them_and_left_as_they_are(
    dtype: torch.dtype, subsets: int
) -> None:
    draw = torch.Generator().manual_seed(0)
    first = torch.randn(60, 5, generator=draw, dtype=dtype)
    second = 0.5 + torch.randn(70, 5, generator=draw, dtype=dtype)
    before = first.clone()
    expected = kernel_distance(first, second, subsets=subsets, subset_size=40)
    assert torch.equal(first, before)
    with_slopes = first.clone().requires_grad_()
    assert kernel_distance(with_slopes, second, subsets=subsets, subset_size=40) == expected
    with torch.inference_mode():
        apart = first.clone()
    assert kernel_distance(apart, second, subsets=subsets, subset_size=40) == expected
    repeated = first[:1].expand(60, 5)
    assert kernel_distance(repeated, repeated, subsets=subsets, subset_size=40)[0] < 1e-12
