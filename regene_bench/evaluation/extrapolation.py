"""FD∞: the Fréchet distance extrapolated to infinitely many generated samples.

The distance of N samples is too large by a bias that falls with 1/N, by an amount that differs from
generator to generator. Chong and Forsyth, "Effectively Unbiased FID and Inception Score" (2020),
measure it at several N and take the intercept of the least-squares line over 1/N.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from regene_bench.base.errors import MethodError, TooFewImagesError
from regene_bench.evaluation.frechet import Gaussian, check_pair, frechet_from, frechet_to
from regene_bench.evaluation.moments import Moments, moments_of, without
from regene_bench.runtime.stop import StopCheck, no_stop

SIZES = 15
SMALLEST = 5000
_FEWEST = 2 * SIZES


@dataclass(frozen=True)
class FittedLine:
    """A least-squares line ``y = intercept + slope · x``.

    Attributes:
        intercept: Value at x = 0.
        slope: Rise with x.
        standard_error: Of the intercept.
        half_width: Of the intercept's 95 % confidence interval (Student's t).
    """

    intercept: float
    slope: float
    standard_error: float
    half_width: float


def frechet_at_infinity(
    real: Tensor, generated: Tensor, seed: int = 2020, between: StopCheck = no_stop
) -> FittedLine:
    """Extrapolate the Fréchet distance of ``[M, D]`` generated from ``[N, D]`` real features.

    The real side stays as it is, so its own bias remains. Subsets of the generated set are drawn
    without replacement, one for each size; the subset of all M is the set itself. As the subsets
    overlap, the confidence interval is of the fit, not of another set of generated samples.

    Args:
        real: ``[N, D]``.
        generated: ``[M, D]``.
        seed: Of the random choice of subsets.
        between: Called before each distance; it may raise to stop.

    Returns:
        The line of the distance over 1/M; its intercept is FD∞.

    Raises:
        MethodError: Other shapes, values that are not finite, or fewer than 30 generated samples.
    """
    check_pair(real, generated)
    return frechet_at_infinity_from(Gaussian.of(moments_of(real)), generated, seed, between)


def frechet_at_infinity_from(
    fixed: Gaussian, generated: Tensor, seed: int = 2020, between: StopCheck = no_stop
) -> FittedLine:
    """Extrapolate the Fréchet distance of ``[M, D]`` generated features from a Gaussian.

    As ``frechet_at_infinity``, for a real side of which only mean and covariance are known.

    Raises:
        MethodError: Values that are not finite, or fewer than 30 generated samples.
    """
    everything = moments_of(generated)
    draw = torch.Generator().manual_seed(seed)
    sizes = subset_sizes(len(generated))
    distances = []
    for size in sizes:
        between()
        subset = _subset(len(generated), size, draw).to(generated.device)
        if size < generated.shape[1]:  # then the samples themselves are the smaller matrix
            distances.append(frechet_from(fixed, generated[subset[:size]]))
        else:
            part = _moments_of_subset(generated, everything, subset, size)
            distances.append(frechet_to(fixed, part))
    return fit_line([1.0 / size for size in sizes], distances)


def subset_sizes(n: int) -> list[int]:
    """Fifteen equally spaced sizes up to ``n``, from 5000 or, for small sets, from half of ``n``.

    Raises:
        MethodError: Too few samples for so many sizes.
    """
    if n < _FEWEST:
        raise TooFewImagesError(
            f"{n} generated samples are too few to extrapolate from.",
            hint=f"Generate at least {_FEWEST}.",
        )
    smallest = min(SMALLEST, n // 2)
    return [smallest + (n - smallest) * i // (SIZES - 1) for i in range(SIZES)]


def fit_line(x: list[float], y: list[float]) -> FittedLine:
    """Fit a line by least squares to at least three points.

    Raises:
        MethodError: Fewer points, or all at one place.
    """
    if len(set(x)) < 2 or len(x) < 3:
        raise MethodError("A line with its error needs three points at two places or more.")
    # on first use: to import it takes a second, and most runs extrapolate nothing
    from scipy.stats import linregress, t

    fitted = linregress(x, y)
    # of equal values SciPy calls the correlation undefined, and with it the error, which is none
    error = 0.0 if math.isnan(fitted.rvalue) else float(fitted.intercept_stderr)
    half_width = float(t.ppf(0.975, len(x) - 2)) * error
    return FittedLine(float(fitted.intercept), float(fitted.slope), error, half_width)


def _subset(n: int, size: int, draw: torch.Generator) -> Tensor:
    """An order of all ``n`` samples whose first ``size`` are a random subset, int64 ``[n]``."""
    return torch.arange(n) if size == n else torch.randperm(n, generator=draw)


def _moments_of_subset(features: Tensor, everything: Moments, order: Tensor, size: int) -> Moments:
    """Moments of the first of an order, through the samples left out where these are fewer."""
    if size == everything.n:
        return everything
    chosen, left_out = features[order[:size]], features[order[size:]]
    if len(left_out) < 2 or len(left_out) >= size:
        return moments_of(chosen)
    return without(everything, moments_of(left_out))
