"""FD∞: the line over 1/N, and what it takes away."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import stdtrit

from regene_bench.base.errors import MethodError
from regene_bench.evaluation.extrapolation import (
    FittedLine,
    fit_line,
    frechet_at_infinity,
    subset_sizes,
)
from regene_bench.evaluation.frechet import frechet_distance, frechet_from_moments
from regene_bench.evaluation.moments import moments_of

from .builders import gaussian, permuted


def test_the_line_is_the_least_squares_one() -> None:
    rng = np.random.default_rng(0)
    x = rng.random(15)
    y = 3 + 7 * x + rng.standard_normal(15)
    (slope, intercept), covariance = np.polyfit(x, y, 1, cov=True)
    error = covariance[1, 1] ** 0.5
    line = fit_line(x.tolist(), y.tolist())
    assert line.intercept == pytest.approx(intercept)
    assert line.slope == pytest.approx(slope)
    assert line.standard_error == pytest.approx(error)
    assert line.half_width == pytest.approx(error * stdtrit(13, 0.975))


def test_points_on_a_line_leave_no_error() -> None:
    line = fit_line([1.0, 2.0, 4.0], [5.0, 7.0, 11.0])
    assert line == FittedLine(
        pytest.approx(3), pytest.approx(2), pytest.approx(0), pytest.approx(0)
    )


def test_the_interval_holds_the_intercept_in_19_of_20_fits() -> None:
    rng = np.random.default_rng(1)
    x = np.linspace(1, 2, 15)
    held = 0
    for _ in range(1000):
        line = fit_line(x.tolist(), (4 + 2 * x + rng.standard_normal(15)).tolist())
        held += abs(line.intercept - 4) < line.half_width
    assert 925 < held < 975


@pytest.mark.parametrize("x", [[1.0, 2.0], [1.0, 1.0, 1.0]])
def test_a_line_needs_three_points_at_two_places(x: list[float]) -> None:
    with pytest.raises(MethodError, match="three points"):
        fit_line(x, x)


@pytest.mark.parametrize(
    ("n", "smallest"), [(30, 15), (1000, 500), (9999, 4999), (10_000, 5000), (50_000, 5000)]
)
def test_fifteen_sizes_up_to_all_samples(n: int, smallest: int) -> None:
    sizes = subset_sizes(n)
    assert (sizes[0], sizes[-1], len(sizes)) == (smallest, n, 15)
    steps = np.diff(sizes)
    assert steps.min() >= 1
    assert steps.max() - steps.min() <= 1


def test_the_bias_of_few_samples_is_taken_away() -> None:
    # the same distribution twice: whatever is above zero is bias
    real = gaussian(20_000, 32, 0)
    for seed in range(5):
        generated = gaussian(300, 32, seed + 1)
        line = frechet_at_infinity(real, generated, seed)
        assert line.slope > 0
        assert abs(line.intercept) < 0.2 * frechet_distance(real, generated)


def test_distances_on_the_line_are_those_of_subsets() -> None:
    # With one point for all samples no subset differs: the line is flat and has no error.
    real = gaussian(50, 4, 0)
    line = frechet_at_infinity(real, torch.ones(40, 4))
    assert line.slope == pytest.approx(0, abs=1e-6)
    assert line.intercept == pytest.approx(frechet_distance(real, torch.ones(40, 4)))


@pytest.mark.parametrize("dimension", [8, 35, 90])
def test_subsets_smaller_than_the_dimension_are_measured_alike(dimension: int) -> None:
    real, generated = gaussian(60, dimension, 0), gaussian(40, dimension, 1)
    draw, sizes = torch.Generator().manual_seed(7), subset_sizes(40)
    orders = [torch.randperm(40, generator=draw) for _ in sizes[:-1]] + [torch.arange(40)]
    moments = [moments_of(generated[o[:n]]) for o, n in zip(orders, sizes, strict=True)]
    distances = [frechet_from_moments(moments_of(real), part) for part in moments]
    expected = fit_line([1 / n for n in sizes], distances)
    found = frechet_at_infinity(real, generated, seed=7)
    assert found.intercept == pytest.approx(expected.intercept, rel=1e-5)
    assert found.slope == pytest.approx(expected.slope, rel=1e-5)


@pytest.mark.parametrize("value", [0.0, 2.0])
def test_a_line_through_equal_values_is_flat_and_has_no_error(value: float) -> None:
    x = [1 / 3, 1 / 4, 1 / 5, 1 / 6]
    assert fit_line(x, [value] * 4) == FittedLine(value, 0.0, 0.0, 0.0)


def test_the_choice_of_subsets_is_fixed_by_its_seed() -> None:
    real, generated = gaussian(90, 4, 0), gaussian(80, 4, 1)
    first = frechet_at_infinity(real, generated)
    torch.manual_seed(5)
    assert frechet_at_infinity(real, generated) == first
    assert frechet_at_infinity(real, generated, seed=1) != first
    assert frechet_at_infinity(permuted(real, 0), generated).intercept == pytest.approx(
        first.intercept
    )


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(MethodError, match="29 generated samples are too few"):
        frechet_at_infinity(gaussian(90, 4, 0), gaussian(29, 4, 1))


def test_sets_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(MethodError, match="4 and 5 dimensions"):
        frechet_at_infinity(gaussian(90, 4, 0), gaussian(90, 5, 1))
