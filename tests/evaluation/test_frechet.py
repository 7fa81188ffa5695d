"""The Fréchet distance against closed forms and against the textbook formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from torch import Tensor

from regene_bench.base.errors import MethodError
from regene_bench.evaluation.frechet import (
    Gaussian,
    frechet_distance,
    frechet_from,
    frechet_from_moments,
    frechet_to,
)
from regene_bench.evaluation.moments import Moments, moments_of


def generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def orthogonal(dimension: int, seed: int) -> np.ndarray:
    return np.linalg.qr(generator(seed).standard_normal((dimension, dimension)))[0]


def samples_with(mean: np.ndarray, root: np.ndarray, n: int, seed: int) -> Tensor:
    """``n`` samples whose sample mean is ``mean`` and sample covariance is ``root @ root.T``."""
    raw = generator(seed).standard_normal((n, root.shape[1]))
    centred = raw - raw.mean(axis=0)
    factor = np.linalg.cholesky(centred.T @ centred / (n - 1))
    white = np.linalg.solve(factor, centred.T)
    return torch.from_numpy((root @ white).T + mean)


def random_features(n: int, dimension: int, seed: int) -> Tensor:
    rng = generator(seed)
    mixing = rng.standard_normal((dimension, dimension)) / dimension**0.5
    return torch.from_numpy(rng.standard_normal((n, dimension)) @ mixing + rng.random(dimension))


def by_square_root(first: Tensor, second: Tensor) -> float:
    """The textbook formula through scipy's matrix square root."""
    a, b = first.numpy(), second.numpy()
    cov1, cov2 = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    cross = np.trace(sqrtm(cov1 @ cov2)).real
    mean_term = np.square(a.mean(0) - b.mean(0)).sum()
    return float(mean_term + np.trace(cov1) + np.trace(cov2) - 2 * cross)


@given(st.integers(1, 12), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_commuting_covariances_have_a_closed_form(dimension: int, seed: int) -> None:
    rng = generator(seed)
    values1, values2 = rng.uniform(0.01, 9, dimension), rng.uniform(0.01, 9, dimension)
    mean1, mean2 = rng.standard_normal(dimension), rng.standard_normal(dimension)
    basis = orthogonal(dimension, seed)
    first = samples_with(mean1, basis * np.sqrt(values1), 4 * dimension + 2, seed + 1)
    second = samples_with(mean2, basis * np.sqrt(values2), 3 * dimension + 5, seed + 2)
    expected = np.square(mean1 - mean2).sum()
    expected += np.square(np.sqrt(values1) - np.sqrt(values2)).sum()
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("dimension", [1, 3, 64, 2048])
def test_zeros_against_ones_with_unit_covariance_is_the_dimension(dimension: int) -> None:
    scatter = 9.0 * torch.eye(dimension, dtype=torch.float64)
    zeros = Moments(10, torch.zeros(dimension, dtype=torch.float64), scatter)
    ones = Moments(10, torch.ones(dimension, dtype=torch.float64), scatter)
    assert frechet_from_moments(zeros, ones) == pytest.approx(dimension, rel=1e-12)


@pytest.mark.parametrize(("n", "dimension"), [(200, 16), (17, 16), (16, 16), (10, 40), (2, 3)])
def test_distance_to_itself_is_zero(n: int, dimension: int) -> None:
    features = random_features(n, dimension, 0)
    distance = frechet_distance(features, features.clone())
    assert 0 <= distance < 1e-6 * float(features.var(dim=0).sum())


@pytest.mark.parametrize(
    ("n", "m", "dimension"), [(90, 70, 8), (5, 70, 8), (5, 6, 8), (70, 5, 8), (2, 90, 30)]
)
def test_the_distance_is_symmetric(n: int, m: int, dimension: int) -> None:
    first, second = random_features(n, dimension, 1), random_features(m, dimension, 2)
    there, back = frechet_distance(first, second), frechet_distance(second, first)
    assert there > 0.1
    assert there == pytest.approx(back, rel=1e-6)


@pytest.mark.parametrize(("n", "dimension"), [(100, 12), (6, 12)])
def test_rotating_both_sets_changes_nothing(n: int, dimension: int) -> None:
    first, second = random_features(n, dimension, 3), random_features(n + 3, dimension, 4)
    turn = torch.from_numpy(orthogonal(dimension, 5))
    plain = frechet_distance(first, second)
    assert frechet_distance(first @ turn, second @ turn) == pytest.approx(plain, rel=1e-9)


@pytest.mark.parametrize("factor", [1e-3, 0.5, 7.0, 1e4])
@pytest.mark.parametrize("n", [100, 6])
def test_scaling_by_c_scales_the_distance_by_its_square(n: int, factor: float) -> None:
    first, second = random_features(n, 12, 3), random_features(n, 12, 4)
    plain = frechet_distance(first, second)
    scaled = frechet_distance(first * factor, second * factor)
    assert scaled == pytest.approx(factor**2 * plain, rel=1e-7)


def test_a_shift_adds_its_squared_length() -> None:
    features = random_features(60, 7, 6)
    shift = torch.arange(7, dtype=torch.float64)
    assert frechet_distance(features, features + shift) == pytest.approx(91.0, rel=1e-9)


def test_singular_covariances_have_a_closed_form() -> None:
    # variances 4, 1, 0 against 1, 0, 9 along the same axes: 1 + 1 + 9
    first = samples_with(np.zeros(3), np.array([[2.0, 0], [0, 1], [0, 0]]), 50, 0)
    second = samples_with(np.zeros(3), np.array([[1.0, 0], [0, 0], [0, 3]]), 60, 1)
    assert frechet_distance(first, second) == pytest.approx(11.0, abs=1e-6)
    assert frechet_distance(second, first) == pytest.approx(11.0, abs=1e-6)


def test_constant_features_leave_the_means() -> None:
    first = torch.full((9, 4), 2.0)
    second = torch.full((7, 4), 5.0)
    assert frechet_distance(first, second) == pytest.approx(36.0)
    assert frechet_distance(first, first) == 0.0


def test_constant_against_spread_features_adds_the_spread() -> None:
    spread = samples_with(np.zeros(4), np.diag([1.0, 2.0, 3.0, 4.0]), 30, 0)
    assert frechet_distance(torch.ones(30, 4), spread) == pytest.approx(4 + 1 + 4 + 9 + 16)


@pytest.mark.parametrize(("n", "m", "dimension"), [(5, 9, 12), (30, 20, 100), (2, 2, 5)])
def test_with_fewer_samples_than_dimensions_the_moment_form_agrees(
    n: int, m: int, dimension: int
) -> None:
    first, second = random_features(n, dimension, 7), random_features(m, dimension, 8)
    through_moments = frechet_from_moments(moments_of(first), moments_of(second))
    assert frechet_distance(first, second) == pytest.approx(through_moments, rel=1e-5)


@pytest.mark.parametrize(("n", "m"), [(5, 300), (300, 5), (39, 41), (2, 1000)])
def test_with_one_set_smaller_than_the_dimension_the_moment_form_agrees(n: int, m: int) -> None:
    first, second = random_features(n, 40, 7), random_features(m, 40, 8)
    through_moments = frechet_from_moments(moments_of(first), moments_of(second))
    assert frechet_distance(first, second) == pytest.approx(through_moments, rel=1e-6)


def test_a_factored_gaussian_serves_many_comparisons() -> None:
    real = moments_of(random_features(300, 16, 9))
    fixed = Gaussian.of(real)
    torch.testing.assert_close(fixed.factor @ fixed.factor.T, real.covariance)
    for seed in range(3):
        other = moments_of(random_features(90, 16, seed))
        assert frechet_to(fixed, other) == frechet_from_moments(real, other)


def test_two_samples_have_a_closed_form() -> None:
    first = torch.tensor([[0.0, 0.0, 2.0], [2.0, 0.0, 0.0]], dtype=torch.float64)
    second = torch.tensor([[1.0, 3.0, 0.0], [1.0, 1.0, 4.0]], dtype=torch.float64)
    # covariances of rank one, u uᵀ and v vᵀ: ‖Δμ‖² + ‖u‖² + ‖v‖² − 2|u·v|
    u, v = (first[0] - first[1]) / 2**0.5, (second[0] - second[1]) / 2**0.5
    shift = (first.mean(0) - second.mean(0)).square().sum()
    expected = float(shift + u @ u + v @ v - 2 * (u @ v).abs())
    assert expected == pytest.approx(5 + 4 + 10 - 8)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("n", "m", "dimension"), [(300, 250, 4), (500, 400, 48), (150, 900, 128)])
def test_parity_with_scipys_matrix_square_root_at_full_rank(n: int, m: int, dimension: int) -> None:
    first, second = random_features(n, dimension, 9), random_features(m, dimension, 10)
    expected = by_square_root(first, second)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-8)


@given(st.integers(2, 30), st.integers(2, 30), st.integers(1, 12), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_the_order_of_samples_and_sides_does_not_matter(
    n: int, m: int, dimension: int, seed: int
) -> None:
    first, second = random_features(n, dimension, seed), random_features(m, dimension, seed + 1)
    plain = frechet_distance(first, second)
    mixed = frechet_distance(first.flip(0), second.roll(1, 0))
    assert mixed == pytest.approx(plain, rel=1e-5, abs=1e-6)
    assert frechet_distance(second, first) == pytest.approx(plain, rel=1e-5, abs=1e-6)


def test_the_bias_of_the_mean_term_is_known() -> None:
    # for equal distributions the means differ by tr Σ / N + tr Σ / M on average
    n, m, dimension = 40, 60, 30
    found = []
    for seed in range(300):
        rng = generator(seed)
        a, b = rng.standard_normal((n, dimension)), rng.standard_normal((m, dimension))
        first, second = (moments_of(torch.from_numpy(f)) for f in (a, b))
        apart = frechet_from_moments(first, second)
        together = frechet_from_moments(
            Moments(n, second.mean, first.scatter), Moments(m, second.mean, second.scatter)
        )
        found.append(apart - together)
    expected = dimension / n + dimension / m
    assert abs(np.mean(found) - expected) < 4 * np.std(found) / 300**0.5


def test_float32_features_lose_nothing_to_a_large_mean() -> None:
    first = random_features(200, 8, 13).float() + 1000
    second = random_features(220, 8, 14).float() + 1000
    expected = by_square_root(first.double(), second.double())
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_features_that_are_not_finite_are_refused(bad: float) -> None:
    first, second = random_features(20, 4, 0), random_features(20, 4, 1)
    second[3, 2] = second[7, 0] = second[7, 1] = bad
    with pytest.raises(MethodError, match="second features are not finite in 2 of 20 samples"):
        frechet_distance(first, second)


@pytest.mark.parametrize("shape", [(20,), (20, 4, 1), ()])
def test_features_that_are_no_matrix_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(MethodError, match=r"must be \[N, D\]"):
        frechet_distance(torch.zeros(20, 4), torch.zeros(shape))


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_samples_are_refused(n: int) -> None:
    with pytest.raises(MethodError, match=f"need at least 2 samples, not {n}"):
        frechet_distance(torch.zeros(n, 4), torch.zeros(20, 4))


def test_other_dimensions_are_refused() -> None:
    with pytest.raises(MethodError, match="4 and 5 dimensions"):
        frechet_distance(torch.zeros(20, 4), torch.zeros(20, 5))


@pytest.mark.parametrize("m", [5, 40, 300])
def test_a_fitted_gaussian_stands_for_its_features(m: int) -> None:
    draw = torch.Generator().manual_seed(m)
    real = torch.randn(200, 40, generator=draw)
    generated = 0.5 + 2 * torch.randn(m, 40, generator=draw)
    found = frechet_from(Gaussian.of_features(real), generated)
    assert found == pytest.approx(frechet_distance(real, generated), rel=1e-9)


@pytest.mark.parametrize("n", [2, 7, 39])
def test_with_one_set_smaller_than_the_dimension_no_rounding_counts_as_a_root(n: int) -> None:
    draw = torch.Generator().manual_seed(n)
    few = torch.randn(n, 40, generator=draw, dtype=torch.float64)
    many = 0.5 + 2 * torch.randn(300, 40, generator=draw, dtype=torch.float64)
    a = (few - few.mean(0)) / (n - 1) ** 0.5
    b = (many - many.mean(0)) / 299**0.5
    roots = torch.linalg.svdvals(a @ b.T).sum()
    means = (few.mean(0) - many.mean(0)).square().sum()
    expected = float(means + a.square().sum() + b.square().sum() - 2 * roots)
    assert frechet_distance(few, many) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("turned", [False, True])
def test_features_with_squares_that_are_no_numbers_are_refused(turned: bool) -> None:
    draw = torch.Generator().manual_seed(0)
    usual = torch.randn(60, 3, generator=draw, dtype=torch.float64)
    large = torch.randn(50, 3, generator=draw, dtype=torch.float64)
    large[:, 0] *= 1e200
    first, second = (large, usual) if turned else (usual, large)
    with pytest.raises(MethodError, match="squares are no float64"):
        frechet_distance(first, second)
