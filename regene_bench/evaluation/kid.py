"""Kernel Inception distance: squared maximum mean discrepancy under a cubic kernel.

Bińkowski et al., "Demystifying MMD GANs" (2018): k(x, y) = (x·y / D + 1)³, the unbiased estimator,
averaged over random subsets. Unlike the Fréchet distance its expectation does not depend on the
number of samples, and it is negative about half of the time for equal distributions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from regene_bench.evaluation.frechet import check_pair
from regene_bench.evaluation.matmul_precision import matmul_dtype, products
from regene_bench.runtime.stop import StopCheck, no_stop

# Samples on either side of a tile of products; its kernels are float64 in strips of fewer rows.
_TILE, _STRIP = 1024, 256


def kernel_distance(
    first: Tensor,
    second: Tensor,
    *,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 2020,
    between: StopCheck = no_stop,
) -> tuple[float, float]:
    """Compute the distance between two feature sets ``[N, D]`` and ``[M, D]``.

    Subsets are drawn without replacement, first from ``first`` and then from ``second``, by
    ``numpy.random.RandomState(seed)``: with the generated images first these are the subsets that
    torch-fidelity draws. Where a set has fewer than ``subset_size`` samples, the subsets are as
    large as the smaller set. Kernels and sums are float64. Where features are float32, so are the
    products of what they differ by from their common mean; the products with the mean, which are
    most of a kernel where features lie far from the origin, are float64.

    Args:
        first: ``[N, D]``.
        second: ``[M, D]``.
        subsets: How many pairs of subsets.
        subset_size: Samples in each.
        seed: Of the random choice.
        between: Called between subsets or tiles of kernels; it may raise to stop.

    Returns:
        Mean and population standard deviation over the subsets.

    Raises:
        MethodError: Other shapes, fewer than two samples, or values that are not finite.
    """
    check_pair(first, second)
    first, second = first.detach(), second.detach()
    size = min(subset_size, len(first), len(second))
    rng = np.random.RandomState(seed)
    drawn = [(_draw(first, size, rng), _draw(second, size, rng)) for _ in range(subsets)]
    chosen1, chosen2 = (torch.stack(side) for side in zip(*drawn, strict=True))
    # Small sets are in many subsets, whose kernels are then the same ones over and over.
    shared = len(first) ** 2 // 2 + len(second) ** 2 // 2 + len(first) * len(second)
    middle = (_sum(first) + _sum(second)) / (len(first) + len(second))
    means = _means_by_tile if shared < 3 * subsets * size**2 else _means_by_subset
    sides = _Features.around(middle, first), _Features.around(middle, second)
    values = means(*sides, chosen1, chosen2, between)
    return float(values.mean()), float(values.std(unbiased=False))


@dataclass(frozen=True)
class _Features:
    """Features of which products are taken: x·y = (x − c)·(y − c) + (x − c)·c + (y − c)·c + c·c.

    Attributes:
        rest: x − c, ``[N, D]``, in the precision of products.
        along: ((x − c)·c + c·c / 2) / D + 1/2, float64 ``[N]``: a sample's part of what is added to
            a product / D to make the base of its kernel.
    """

    rest: Tensor
    along: Tensor

    @classmethod
    def around(cls, middle: Tensor, features: Tensor) -> _Features:
        """Split features ``[N, D]`` at a point c, float64 ``[D]``.

        Where products are float64 it is the origin.
        """
        dtype = matmul_dtype(features)
        if dtype == torch.float64:
            middle = torch.zeros_like(middle)
        rest = torch.empty_like(features, dtype=dtype)
        along = torch.empty(len(features), dtype=torch.float64, device=features.device)
        # some at once: a whole set in float64 is fresh memory, which takes longer than the sums
        for start in range(0, len(features), _STRIP):
            some = slice(start, start + _STRIP)
            exact = features[some].double() - middle
            along[some], rest[some] = exact @ middle, exact
        along += middle.square().sum() / 2
        return cls(rest, along / features.shape[1] + 0.5)

    def __len__(self) -> int:
        return len(self.rest)

    def __getitem__(self, chosen: Tensor) -> _Features:
        return _Features(self.rest[chosen], self.along[chosen])

    def tiles(self) -> Iterator[_Features]:
        for rest, along in zip(
            torch.split(self.rest, _TILE), torch.split(self.along, _TILE), strict=True
        ):
            yield _Features(rest, along)


def _sum(features: Tensor) -> Tensor:
    """Sum of the samples, float64 ``[D]``."""
    parts = [part.double().sum(dim=0) for part in torch.split(features, _STRIP)]
    return torch.stack(parts).sum(dim=0)


def _draw(features: Tensor, size: int, rng: np.random.RandomState) -> Tensor:
    chosen = torch.from_numpy(rng.choice(len(features), size, replace=False))
    return chosen.to(features.device)


def _means_by_subset(
    first: _Features, second: _Features, chosen1: Tensor, chosen2: Tensor, between: StopCheck
) -> Tensor:
    """The distance of each pair of subsets, given by indices ``[S, m]``; float64 ``[S]``."""
    size = chosen1.shape[1]
    kernels = _Kernels.between(first, size)
    all_of_it = torch.ones((size, 1), dtype=torch.float64, device=chosen1.device)
    values = []
    for of_first, of_second in zip(chosen1, chosen2, strict=True):
        between()
        x, y = first[of_first], second[of_second]
        within = kernels.sums(x, x, all_of_it, all_of_it) + kernels.sums(y, y, all_of_it, all_of_it)
        across = kernels.sums(x, y, all_of_it, all_of_it)
        values.append(within / (size * (size - 1)) - 2 * across / size**2)
    return torch.cat(values)


def _means_by_tile(
    first: _Features, second: _Features, chosen1: Tensor, chosen2: Tensor, between: StopCheck
) -> Tensor:
    """The same from each kernel once, added to all subsets that both of its samples are in."""
    size = chosen1.shape[1]
    kernels = _Kernels.between(first, _TILE)
    members1, members2 = _members(chosen1, len(first)), _members(chosen2, len(second))
    within = _sums_within(kernels, first, members1, between)
    within += _sums_within(kernels, second, members2, between)
    across = torch.zeros_like(within)
    for x, a in _tiles(first, members1):
        for y, b in _tiles(second, members2):
            between()
            across += kernels.sums(x, y, a, b)
    return within / (size * (size - 1)) - 2 * across / size**2


def _sums_within(
    kernels: _Kernels, features: _Features, members: Tensor, between: StopCheck
) -> Tensor:
    """Sums of the kernels of each subset's different samples, both ways round; ``[S]``."""
    total = torch.zeros(members.shape[1], dtype=torch.float64, device=members.device)
    tiles = list(_tiles(features, members))
    for i, (x, a) in enumerate(tiles):
        between()
        total += kernels.sums(x, x, a, a)
        for y, b in tiles[i + 1 :]:
            total += 2 * kernels.sums(x, y, a, b)
    return total


def _members(chosen: Tensor, n: int) -> Tensor:
    """Which samples are in which subset, float64 ``[n, S]`` of zeros and ones."""
    members = torch.zeros((n, len(chosen)), dtype=torch.float64, device=chosen.device)
    return members.scatter_(0, chosen.T, 1.0)


def _tiles(features: _Features, members: Tensor) -> Iterator[tuple[_Features, Tensor]]:
    return zip(features.tiles(), torch.split(members, _TILE), strict=True)


@dataclass(frozen=True)
class _Kernels:
    """Sums of the kernels (x·y / D + 1)³ of a tile.

    Its memory is kept from tile to tile, as fresh memory takes its time, and the float64 part is a
    strip of the tile, which caches hold.

    Attributes:
        products: Of a tile, in the features' precision.
        strip: Kernels of some of its rows, float64.
    """

    products: Tensor
    strip: Tensor

    @classmethod
    def between(cls, features: _Features, most: int) -> _Kernels:
        """Take memory for tiles of at most so many samples on either side."""
        rest, along = features.rest, features.along
        rows = min(_STRIP, most)
        return cls(rest.new_empty(most * most), along.new_empty(rows * most))

    def sums(self, x: _Features, y: _Features, a: Tensor, b: Tensor) -> Tensor:
        """Sums over the pairs that are in a subset, float64 ``[S]``; no sample with itself.

        Args:
            x: Of n samples.
            y: Of m samples, or ``x`` itself.
            a: Which of the n are in which subset, float64 ``[n, S]`` of zeros and ones.
            b: The same of the m.
        """
        n, m = len(x), len(y)
        of_all = products(x.rest, y.rest, out=self.products[: n * m].view(n, m))
        total = torch.zeros(a.shape[1], dtype=torch.float64, device=a.device)
        for start in range(0, n, _STRIP):
            rows = slice(start, min(start + _STRIP, n))
            count = rows.stop - start
            kernels = self.strip[: count * m].view(count, m)
            torch.add(x.along[rows, None], of_all[rows], alpha=1 / x.rest.shape[1], out=kernels)
            kernels.add_(y.along).pow_(3)
            if y is x:
                kernels[:, rows].fill_diagonal_(0)
            total += (kernels @ b).mul_(a[rows]).sum(dim=0)
        return total
