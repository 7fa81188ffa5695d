"""Fréchet distance between two Gaussians fitted to features.

‖μ₁ − μ₂‖² + tr Σ₁ + tr Σ₂ − 2 tr (Σ₁Σ₂)^½ (Dowson and Landau 1982; Heusel et al. 2017).
The last term is computed without a matrix square root of a non-symmetric product. With ``A`` and
``B`` the centred samples over √(n − 1), so that ``Σ₁ = AᵀA``, it is

* both sets smaller than the dimension: the nuclear norm of ``A Bᵀ``, exact for singular
  covariances;
* one set smaller: the roots of the eigenvalues of ``A Σ₂ Aᵀ``, which is only ``[N, N]``;
* otherwise: those of ``LᵀΣ₂L`` with ``Σ₁ = LLᵀ`` by Cholesky, or by an eigendecomposition where
  Σ₁ is singular. As L is triangular, that is a quarter of the work of two full products.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from regene_bench.base.errors import MethodError
from regene_bench.evaluation.moments import Moments, check_features, moments_of
from regene_bench.evaluation.symmetric import eigenvalues, eigenvalues_between, triangular_factor


@dataclass(frozen=True)
class Gaussian:
    """A fitted Gaussian whose covariance is factored: the fixed side of several comparisons.

    Attributes:
        mean: float64 ``[D]``.
        trace: Trace of the covariance Σ.
        factor: float64 ``[D, D]`` L, lower triangular, with ``L Lᵀ = Σ``.
    """

    mean: Tensor
    trace: float
    factor: Tensor

    @classmethod
    def of_features(cls, features: Tensor) -> Gaussian:
        """Fit a Gaussian to features ``[N, D]`` and factor its covariance."""
        return cls.of(moments_of(features))

    @classmethod
    def of(cls, moments: Moments) -> Gaussian:
        """Take mean and covariance as they are, and factor the covariance once for all uses."""
        return cls.of_covariance(moments.mean, moments.covariance)

    @classmethod
    def of_covariance(cls, mean: Tensor, covariance: Tensor) -> Gaussian:
        """Take a mean ``[D]`` and a covariance ``[D, D]``, float64, of however many samples."""
        return cls(mean, float(covariance.trace()), triangular_factor(covariance))


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """Fréchet distance between two feature sets ``[N, D]`` and ``[M, D]``, in float64.

    Raises:
        MethodError: Other shapes, fewer than two samples, values that are not finite, or whose
            squares are not.
    """
    check_pair(first, second)
    small, large = (first, second) if len(first) <= len(second) else (second, first)
    if len(small) >= small.shape[1]:
        return frechet_from_moments(moments_of(first), moments_of(second))
    mean1, a = _centred(small)
    if len(large) < large.shape[1]:
        mean2, b = _centred(large)
        cross = float(torch.linalg.svdvals(a @ b.T).sum())
        trace2 = float(b.square().sum())
    else:
        moments = moments_of(large)
        mean2, trace2 = moments.mean, float(moments.covariance.trace())
        # Centred samples add up to zero, and so the smallest eigenvalue is zero: the root of what
        # rounding makes of it would be some 1e-8 of the largest one.
        cross = _sum_of_roots(eigenvalues(a @ moments.covariance @ a.T)[1:])
    return _distance(mean1 - mean2, float(a.square().sum()), trace2, cross)


def check_pair(first: Tensor, second: Tensor) -> None:
    """Refuse two feature sets that cannot be compared.

    Raises:
        MethodError: Not ``[N, D]`` and ``[M, D]``, fewer than two samples, or values that are not
            finite.
    """
    check_features(first, "the first features")
    check_features(second, "the second features")
    if first.shape[1] != second.shape[1]:
        raise MethodError(
            f"Features of {first.shape[1]} and {second.shape[1]} dimensions cannot be compared.",
            hint="Take both from the same extractor.",
        )


def frechet_from_moments(first: Moments, second: Moments) -> float:
    """Fréchet distance between two Gaussians of these means and covariances, a float >= 0.

    It is ``|m1 - m2|² + tr(S1 + S2 - 2 (S1 S2)^(1/2))`` (Dowson and Landau 1982), in float64.
    """
    return frechet_to(Gaussian.of(first), second)


def frechet_to(fixed: Gaussian, moments: Moments) -> float:
    """Fréchet distance of moments from a factored Gaussian."""
    covariance = moments.covariance
    cross = _sum_of_roots(eigenvalues_between(fixed.factor, covariance))
    return _distance(fixed.mean - moments.mean, fixed.trace, float(covariance.trace()), cross)


def frechet_from(fixed: Gaussian, features: Tensor) -> float:
    """Fréchet distance of features ``[M, D]`` from a factored Gaussian.

    Raises:
        MethodError: Not a matrix, fewer than two samples, or values that are not finite.
    """
    if len(features) >= features.shape[1]:
        return frechet_to(fixed, moments_of(features))
    check_features(features)
    mean, a = _centred(features)
    cross = float(torch.linalg.svdvals(a @ fixed.factor).sum())
    return _distance(fixed.mean - mean, fixed.trace, float(a.square().sum()), cross)


def _distance(between_means: Tensor, trace1: float, trace2: float, cross: float) -> float:
    found = float(between_means.square().sum()) + trace1 + trace2 - 2 * cross
    if not math.isfinite(found):
        raise MethodError(
            "The Fréchet distance is not finite: some features are so large that their squares are "
            "no float64.",
            hint="Look at what the extractor gives for these images.",
        )
    return max(0.0, found)


def _sum_of_roots(values: Tensor) -> float:
    return float(values.clamp(min=0).sqrt().sum())


def _centred(features: Tensor) -> tuple[Tensor, Tensor]:
    """The mean ``[D]`` and the centred samples over √(n − 1) ``[N, D]``, float64."""
    values = features.double()
    mean = values.mean(dim=0)
    return mean, (values - mean) / (len(values) - 1) ** 0.5
