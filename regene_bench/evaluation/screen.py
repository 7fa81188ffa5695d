"""Which samples lie within a radius of each other, tile by tile: bounds first, then exact values.

Whether a distance lies below a radius is nearly always plain from a matrix product in float32. A
tile of products gives each squared distance a lower bound; the few pairs that the bounds cannot
settle are computed anew in float64. The outcome is that of float64 throughout, at the speed of
float32, and nothing larger than a few tiles is held.

The bound: a dot product of D factors in unit roundoff u, in any order of summation, is off by at
most D u |x| |y| (Higham 2002, section 3.1), hence the squared distance by D u (|x|² + |y|²).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from regene_bench.evaluation.arithmetic import product_dtype

# Roundings beside those of the sum, generously: centring, adding norms, the radius, the comparison.
_OTHER_ROUNDINGS = 32
# What underflow can hide, as a share of the largest squared norm.
_UNDERFLOW = 1e-30
_PAIRS_AT_ONCE = 256


@dataclass(frozen=True)
class Tile:
    """Bounds of the squared distances between some rows and some columns.

    Attributes:
        row: Index of the first row in the first set.
        column: Index of the first column in the second set.
        lower: ``[n, m]``, at most the squared distances, in units of the screen.
    """

    row: int
    column: int
    lower: Tensor


class Screen:
    """Bounds and exact values of the distances between feature sets ``[N, D]`` and ``[M, D]``.

    The sets are centred and scaled tile by tile, so that no copy of them is kept: distances do not
    change but for the unit, bounds are tighter, and no square overflows.

    Attributes:
        scale: A squared distance is ``scale²`` of it in units of the screen.
    """

    def __init__(self, first: Tensor, second: Tensor, chunk: int) -> None:
        self.first, self.second, self.chunk = first, second, chunk
        self._dtype = product_dtype(first)
        dimension = first.shape[1]
        self._rows, self._columns = self._buffer(dimension), self._buffer(dimension)
        self._products = self._buffer(chunk)
        self.scale = 1.0
        self._shift = first.mean(dim=0, dtype=self._dtype).neg_()
        norms1 = self._norms(first)
        norms2 = norms1 if second is first else self._norms(second)
        self.scale = _scale(float(torch.maximum(norms1.max(), norms2.max())), self._dtype)
        self._shift.mul_(self.scale)
        self._norms1 = norms1.mul(self.scale).square_()
        self._norms2 = norms2.mul(self.scale).square_()
        units = [torch.finfo(d).eps / 2 for d in (self._dtype, first.dtype)]
        self._share = dimension * units[0] + _OTHER_ROUNDINGS * max(units)

    def tiles(self, row: int, column: int = 0) -> Iterator[Tile]:
        """The tiles of the rows from ``row``, from a column onwards.

        A tile is valid until the next one is asked for, and one sweep goes at a time: all share
        one piece of memory, because fresh memory costs as much time as a product of few features.
        """
        x = self._block(self.first, row, self._rows)
        low1 = self._low(self._norms1, row).sub_(_UNDERFLOW)[:, None]
        for start in range(column, len(self.second), self.chunk):
            y = self._block(self.second, start, self._columns)
            lower = self._products[: len(x) * len(y)].view(len(x), len(y))
            torch.mm(x, y.T, out=lower)
            lower.mul_(-2).add_(low1).add_(self._low(self._norms2, start))
            yield Tile(row, start, lower)

    def width(self, rows: Tensor, columns: Tensor) -> Tensor:
        """How far the upper bounds of pairs lie above their lower ones, float64."""
        norms = self._norms1[rows] + self._norms2[columns]
        return norms.mul_(2 * self._share).add_(2 * _UNDERFLOW)

    def distances(self, rows: Tensor, columns: Tensor) -> Tensor:
        """Exact distances of pairs, in float64, then rounded to the features' own precision."""
        parts = []
        for start in range(0, len(rows), _PAIRS_AT_ONCE):
            some = slice(start, start + _PAIRS_AT_ONCE)
            difference = self.first[rows[some]].double().sub_(self.second[columns[some]])
            parts.append(difference.square_().sum(dim=1))
        # Rounded before and after the root, as libraries that store float32 distances do. The
        # root is taken in float64 because torch's in float32 may be off by its last digit.
        squares = torch.cat(parts).to(self.first.dtype)
        return squares.double().sqrt_().to(self.first.dtype)

    def within(self, tile: Tile, radii: Tensor) -> tuple[Tensor, Tensor]:
        """The pairs of a tile whose distance is below a radius.

        Args:
            tile: One of this screen's.
            radii: In the features' units and precision: ``[n, 1]``, one a row of the tile, or
                ``[1, m]``, one a column.

        Returns:
            Rows and columns of the pairs in their sets, int64 ``[P]`` each.
        """
        thresholds = (radii.double() * self.scale).square()
        # No distance is below zero, whatever its bound is.
        thresholds[radii == 0] = -torch.inf
        lower = tile.lower
        i, j = (lower < thresholds.to(lower.dtype)).nonzero(as_tuple=True)
        rows, columns = i + tile.row, j + tile.column
        upper = lower[i, j].double().add_(self.width(rows, columns))
        inside = upper < thresholds.expand(lower.shape)[i, j]
        doubtful = (~inside).nonzero()[:, 0]
        if len(doubtful):
            exact = self.distances(rows[doubtful], columns[doubtful])
            limits = radii.expand(lower.shape)[i[doubtful], j[doubtful]]
            inside[doubtful] = exact < limits
        return rows[inside], columns[inside]

    def _buffer(self, width: int) -> Tensor:
        return torch.empty(self.chunk * width, dtype=self._dtype, device=self.first.device)

    def _block(self, features: Tensor, start: int, buffer: Tensor) -> Tensor:
        part = features[start : start + self.chunk].to(self._dtype)
        out = buffer[: part.numel()].view(part.shape)
        return torch.add(self._shift, part, alpha=self.scale, out=out)

    def _norms(self, features: Tensor) -> Tensor:
        norms = torch.empty(len(features), dtype=torch.float64, device=features.device)
        for start in range(0, len(features), self.chunk):
            block = self._block(features, start, self._rows)
            for i in range(0, len(block), _PAIRS_AT_ONCE):
                part = block[i : i + _PAIRS_AT_ONCE].double()
                norms[start + i : start + i + len(part)] = torch.linalg.vector_norm(part, dim=1)
        return norms

    def _low(self, norms: Tensor, start: int) -> Tensor:
        part = norms[start : start + self.chunk]
        return part.mul(1 - self._share).to(self._dtype)


def _scale(largest: float, dtype: torch.dtype) -> float:
    """A power of two, which scales without rounding, that brings the largest norm near to one."""
    limit = 120 if dtype == torch.float32 else 1000
    exponent = -math.frexp(largest)[1] if largest > 0 else 0
    return math.ldexp(1.0, min(max(exponent, -limit), limit))
