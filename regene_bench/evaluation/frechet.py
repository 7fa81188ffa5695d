"""Fréchet distance between two Gaussians fitted to features.

‖μ₁ − μ₂‖² + tr Σ₁ + tr Σ₂ − 2 tr (Σ₁Σ₂)^½ (Dowson and Landau 1982; Heusel et al. 2017).
The last term is computed without a matrix square root of a non-symmetric product:

* both sets smaller than the dimension: the nuclear norm of ``A Bᵀ`` with ``A``, ``B`` the centred
  samples over √(n − 1), which is exact for singular covariances;
* otherwise: eigenvalues of the symmetric ``LᵀΣ₂L`` with ``Σ₁ = LLᵀ`` by Cholesky, or by an
  eigendecomposition where Σ₁ is singular.
"""

from __future__ import annotations

import torch
from torch import Tensor

from regene_bench.errors import MethodError
from regene_bench.evaluation.moments import Moments, check_features, moments_of


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """Fréchet distance between two feature sets ``[N, D]`` and ``[M, D]``, in float64.

    Raises:
        MethodError: Other shapes, fewer than two samples, or values that are not finite.
    """
    check_features(first, "the first features")
    check_features(second, "the second features")
    if first.shape[1] != second.shape[1]:
        raise MethodError(
            f"Features of {first.shape[1]} and {second.shape[1]} dimensions cannot be compared."
        )
    if len(first) < first.shape[1] and len(second) < second.shape[1]:
        return _from_samples(first.double(), second.double())
    return frechet_from_moments(moments_of(first), moments_of(second))


def frechet_from_moments(first: Moments, second: Moments) -> float:
    """Fréchet distance from moments."""
    mean_term = float((first.mean - second.mean).square().sum())
    cov1, cov2 = first.covariance, second.covariance
    root = _factor(cov1)
    eigenvalues = torch.linalg.eigvalsh(root.T @ cov2 @ root)
    cross = float(eigenvalues.clamp(min=0).sqrt().sum())
    return max(0.0, mean_term + float(cov1.trace() + cov2.trace()) - 2 * cross)


def _factor(covariance: Tensor) -> Tensor:
    """Return R with ``R Rᵀ = covariance``."""
    factor: Tensor
    factor, info = torch.linalg.cholesky_ex(covariance)
    if int(info) == 0:
        return factor
    values: Tensor
    vectors: Tensor
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp(min=0).sqrt()


def _from_samples(first: Tensor, second: Tensor) -> float:
    mean1, mean2 = first.mean(dim=0), second.mean(dim=0)
    a = (first - mean1) / (len(first) - 1) ** 0.5
    b = (second - mean2) / (len(second) - 1) ** 0.5
    cross = float(torch.linalg.svdvals(a @ b.T).sum())
    mean_term = float((mean1 - mean2).square().sum())
    return max(0.0, mean_term + float(a.square().sum() + b.square().sum()) - 2 * cross)
