"""Kernel Inception distance: squared maximum mean discrepancy under a cubic kernel.

Bińkowski et al., "Demystifying MMD GANs" (2018): k(x, y) = (x·y / D + 1)³, the unbiased estimator,
averaged over random subsets. Unlike the Fréchet distance its expectation does not depend on the
number of samples, and it is negative about half of the time for equal distributions.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from regene_bench.evaluation.arithmetic import product_dtype
from regene_bench.evaluation.frechet import check_pair


def kernel_distance(
    first: Tensor,
    second: Tensor,
    *,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 2020,
) -> tuple[float, float]:
    """Compute the distance between two feature sets ``[N, D]`` and ``[M, D]``.

    Subsets are drawn without replacement, first from ``first`` and then from ``second``, by
    ``numpy.random.RandomState(seed)``: with the generated images first these are the subsets that
    torch-fidelity draws. Where a set has fewer than ``subset_size`` samples, the subsets are as
    large as the smaller set. Kernels have the precision of the features, sums are float64.

    Returns:
        Mean and population standard deviation over the subsets.

    Raises:
        MethodError: Other shapes, fewer than two samples, or values that are not finite.
    """
    check_pair(first, second)
    size = min(subset_size, len(first), len(second))
    rng = np.random.RandomState(seed)
    values = torch.empty(subsets, dtype=torch.float64)
    for i in range(subsets):
        x = _draw(first, size, rng)
        y = _draw(second, size, rng)
        within = _off_diagonal_sum(_kernel(x, x)) + _off_diagonal_sum(_kernel(y, y))
        between = _kernel(x, y).sum(dtype=torch.float64)
        values[i] = within / (size * (size - 1)) - 2 * between / size**2
    return float(values.mean()), float(values.std(unbiased=False))


def _draw(features: Tensor, size: int, rng: np.random.RandomState) -> Tensor:
    chosen = torch.from_numpy(rng.choice(len(features), size, replace=False))
    return features[chosen.to(features.device)].to(product_dtype(features))


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    base = (x @ y.T).div_(x.shape[1]).add_(1)
    return base.square().mul_(base)


def _off_diagonal_sum(matrix: Tensor) -> Tensor:
    return matrix.sum(dtype=torch.float64) - matrix.diagonal().sum(dtype=torch.float64)
