"""Squared maximum mean discrepancy under a Gaussian kernel.

Gretton et al., "A Kernel Two-Sample Test" (2012): with k(x, y) = exp(−|x − y|² / 2σ²), the mean of
k within the first set, plus that within the second, less twice that between them. The kernel is
characteristic: the discrepancy of two distributions is zero only if they are equal. Its estimate
counts each sample with itself (equation 5), as Jayasumana et al. do, "Rethinking FID" (2024); it is
never negative, and larger by about the mean distance over N.
"""

from __future__ import annotations

import torch
from torch import Tensor

from regene_bench.evaluation.frechet import check_pair
from regene_bench.evaluation.matmul_precision import matmul_dtype, products
from regene_bench.runtime.stop import StopCheck, no_stop

_TILE = 1024


def gaussian_mmd(
    first: Tensor, second: Tensor, bandwidth: float, *, between: StopCheck = no_stop
) -> float:
    """Compute the squared discrepancy between two feature sets ``[N, D]`` and ``[M, D]``.

    Distances are taken around the common mean, which they do not depend on, and far from which
    products of float32 would lose them; kernels and their sums are float64. Memory is
    O((N + M) D + 1024²).

    Args:
        first: ``[N, D]``.
        second: ``[M, D]``.
        bandwidth: σ of the kernel, in units of the features.
        between: Called between tiles of kernels; it may raise to stop.

    Returns:
        Between 0 and 2; 0 for equal sets.

    Raises:
        MethodError: Other shapes, fewer than two samples, or values that are not finite.
        ValueError: The bandwidth is not positive.
    """
    check_pair(first, second)
    if not bandwidth > 0:
        raise ValueError(f"a bandwidth is positive, not {bandwidth}")
    dtype = matmul_dtype(first)
    total = first.sum(0, dtype=torch.float64) + second.sum(0, dtype=torch.float64)
    middle = total / (len(first) + len(second))
    one, two = ((side.double() - middle).to(dtype) for side in (first, second))
    scale = -0.5 / bandwidth**2
    within_one = _symmetric_mean(one, scale, between)
    within_two = _symmetric_mean(two, scale, between)
    value = within_one + within_two - 2 * _mean(one, two, scale, between)
    return max(0.0, value)  # below it by rounding alone


def median_distance(features: Tensor, most: int = 2000) -> float:
    """The median distance between two samples, a usual bandwidth for a Gaussian kernel.

    Args:
        features: ``[N, D]``, two samples or more.
        most: Of at most so many samples, spread evenly over all, since they may lie in order.

    Raises:
        ValueError: There are fewer than two samples.
    """
    if len(features) < 2:
        raise ValueError("one sample has no distance")
    step = -(-len(features) // most)
    return float(torch.nn.functional.pdist(features[::step].double()).median())


def _symmetric_mean(side: Tensor, scale: float, between: StopCheck) -> float:
    """Mean kernel of all pairs of a set; a tile off the diagonal stands for its mirror image."""
    total = 0.0
    tiles = torch.split(side, _TILE)
    for i, tile in enumerate(tiles):
        for j in range(i, len(tiles)):
            between()
            total += (1 if i == j else 2) * _kernel_sum(tile, tiles[j], scale)
    return total / len(side) ** 2


def _mean(one: Tensor, two: Tensor, scale: float, between: StopCheck) -> float:
    total = 0.0
    for rows in torch.split(one, _TILE):
        for columns in torch.split(two, _TILE):
            between()
            total += _kernel_sum(rows, columns, scale)
    return total / (len(one) * len(two))


def _kernel_sum(rows: Tensor, columns: Tensor, scale: float) -> float:
    squares = rows.double().square().sum(1)[:, None] + columns.double().square().sum(1)[None]
    squares -= 2 * products(rows, columns, rows.new_empty(len(rows), len(columns))).double()
    return float(squares.clamp_(min=0).mul_(scale).exp_().sum())
