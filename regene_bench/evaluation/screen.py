"""Which samples lie within a radius of each other, tile by tile: bounds first, then exact values.

Whether a distance lies below a radius is nearly always plain from a rough matrix product. So a tile
of squared distances is bounded from a product in low precision, where the device is faster so; a
tile in which that leaves much open is multiplied again in full precision; pairs that are still open
are bounded from their differences in float32, and those that no bound settles are computed in
float64. The outcome is that of float64 throughout, and nothing larger than a few tiles is held.

The bounds hold for any vectors. A sum of D products in unit roundoff u, in any order, is off by at
most D u |x| |y| (Higham 2002, section 3.1); twice that allows for units that cut digits off instead
of rounding. Factors that are off by a share s of themselves add (2 s + s²) |x| |y|, by Cauchy and
Schwarz. As 2 |x| |y| ≤ |x|² + |y|², the squared distance |x|² − 2 x·y + |y|² is off by the same
shares of |x|² + |y|². The share s that rounding takes is measured. Where the product is rounded in
the end, it is off by a share of itself. A sum of D squared differences is off by D u of itself and
no more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from regene_bench.evaluation.matmul_precision import (
    BFLOAT16_ROUNDOFF,
    has_fast_low_precision,
    low_precision_dtype,
    low_precision_products,
    matmul_dtype,
    products,
)
from regene_bench.evaluation.true_pairs import true_pairs

# Roundings beside those of the sum, generously: centring, adding norms, the radius, the comparison.
_OTHER_ROUNDINGS = 32
# What underflow can hide, as a share of the largest squared norm.
_UNDERFLOW = 1e-30
_PAIRS_AT_ONCE = 256
# One by one, a pair costs as much as this many pairs of a tile in a full-precision product.
_TILE_PER_PAIR = 64


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
        dtype: Of the tiles.
        scale: A squared distance is ``scale²`` of it in units of the screen.
    """

    def __init__(self, first: Tensor, second: Tensor, chunk: int) -> None:
        self.first, self.second, self.chunk = first, second, chunk
        self._rough = has_fast_low_precision(first.device)
        self._full = matmul_dtype(first)
        self.dtype = torch.float32 if self._rough else self._full
        self._factors = low_precision_dtype(first.device) if self._rough else self._full
        # Share of a product that its last rounding takes.
        self._rounded = BFLOAT16_ROUNDOFF if self._factors == torch.bfloat16 else 0.0
        dimension = first.shape[1]
        self._rows, self._columns = self._buffer(dimension), self._buffer(dimension)
        self._products = self._buffer(chunk)
        self.scale = 1.0
        # In the features' precision, so that blocks of either precision are shifted alike.
        self._shift = _mean(first).to(first.dtype).neg_()
        norms1, lost1 = self._measure(first)
        norms2, lost2 = (norms1, lost1) if second is first else self._measure(second)
        self.scale = _scale(float(torch.maximum(norms1.max(), norms2.max())), first.dtype)
        self._shift.mul_(self.scale)
        self._norms1 = norms1.mul(self.scale).square_()
        self._norms2 = norms2.mul(self.scale).square_()
        self._full_share = _share(dimension, self._full, first.dtype)
        lost = max(lost1, lost2) if self._rough else 0.0
        self._share = lost * (2 + lost) + _share(dimension, self.dtype, first.dtype)

    def tiles(self, row: int, column: int = 0) -> Iterator[Tile]:
        """The tiles of the rows from ``row``, from a column onwards.

        A tile is valid until the next one is asked for, and one sweep goes at a time: all share
        their memory, because fresh memory costs as much time as a product of few features.
        """
        multiply = low_precision_products if self._rough else products
        x = self._factor(self.first, row, self._rows).mul_(-2)
        low1 = self._low(self._norms1, row).sub_(_UNDERFLOW)[:, None]
        for start in range(column, len(self.second), self.chunk):
            y = self._factor(self.second, start, self._columns)
            lower = multiply(x, y, self._products[: len(x) * len(y)].view(len(x), len(y)))
            if self._rounded:
                # the product less its rounding: p (1 − u) where it is positive, p (1 + u) elsewhere
                slope = (1 + self._rounded) / (1 - self._rounded)
                F.leaky_relu_(lower, slope).mul_(1 - self._rounded)
            yield Tile(row, start, lower.add_(low1).add_(self._low(self._norms2, start)))

    def bounds(self, tile: Tile, i: Tensor, j: Tensor) -> tuple[Tensor, Tensor]:
        """Bounds of the squared distances of pairs of a tile.

        Few pairs have the tile's own; for many the tile is multiplied again in full precision.

        Args:
            tile: One of this screen's.
            i: Rows in the tile, int64 ``[P]``.
            j: Columns in the tile, int64 ``[P]``.

        Returns:
            Lower and upper bounds in units of the screen, float64 ``[P]`` each.
        """
        rows, columns = i + tile.row, j + tile.column
        if not self._rough or len(i) * _TILE_PER_PAIR < tile.lower.numel():
            lower = tile.lower[i, j].double()
            return lower, self.upper(lower, rows, columns)
        x = self._block(self.first, tile.row, self._buffer(self.first.shape[1], self._full))
        y = self._block(self.second, tile.column, self._buffer(self.first.shape[1], self._full))
        norms = self._norms1[rows] + self._norms2[columns]
        whole = x.new_empty(len(x), len(y))
        middle = norms.sub(products(x, y, whole)[i, j].double(), alpha=2)
        off = norms.mul_(self._full_share).add_(_UNDERFLOW)
        return middle - off, middle + off

    def upper(self, lower: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """Upper bounds of the squared distances of pairs, from their lower ones in a tile.

        Returns:
            Float64, in units of the screen.
        """
        norms = self._norms1[rows] + self._norms2[columns]
        upper = lower + norms.mul(2 * self._share).add_(2 * _UNDERFLOW)
        if self._rounded:
            # what the tile took for the product, which no rounding made smaller than this
            part = norms.mul_(self._share - 1).add_(lower).abs_()
            upper += part.mul_(2 * self._rounded / (1 - self._rounded))
        return upper

    def closer(self, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        """Narrower bounds of the squared distances of pairs, from their differences.

        Returns:
            Lower and upper bounds in units of the screen, float64 ``[P]`` each.
        """
        dtype = self.first.dtype
        parts = [torch.empty(0, dtype=dtype, device=self.first.device)]
        for start in range(0, len(rows), _PAIRS_AT_ONCE):
            some = slice(start, start + _PAIRS_AT_ONCE)
            difference = self.first.index_select(0, rows[some])
            difference.sub_(self.second.index_select(0, columns[some])).mul_(self.scale)
            parts.append(torch.linalg.vector_norm(difference, dim=1))
        squares = torch.cat(parts).double().square_()
        off = squares.mul(_share(self.first.shape[1], dtype, dtype)).add_(_UNDERFLOW)
        return squares - off, squares + off

    def distances(self, rows: Tensor, columns: Tensor) -> Tensor:
        """Exact distances of pairs, in float64, then rounded to the features' own precision."""
        parts = [torch.empty(0, dtype=torch.float64, device=self.first.device)]
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
        i, j = true_pairs(tile.lower < thresholds.to(self.dtype))
        rows, columns = i + tile.row, j + tile.column
        lower, upper = self.bounds(tile, i, j)
        limits = thresholds.expand(tile.lower.shape)[i, j]
        inside = upper < limits
        doubtful = (~inside & (lower < limits)).nonzero()[:, 0]
        lower, upper = self.closer(rows[doubtful], columns[doubtful])
        inside[doubtful] = upper < limits[doubtful]
        doubtful = doubtful[(lower < limits[doubtful]) & ~inside[doubtful]]
        exact = self.distances(rows[doubtful], columns[doubtful])
        inside[doubtful] = exact < radii.expand(tile.lower.shape)[i[doubtful], j[doubtful]]
        return rows[inside], columns[inside]

    def _buffer(self, width: int, dtype: torch.dtype | None = None) -> Tensor:
        return torch.empty(self.chunk * width, dtype=dtype or self.dtype, device=self.first.device)

    def _block(self, features: Tensor, start: int, buffer: Tensor) -> Tensor:
        """Some samples, centred and scaled, in the buffer's precision."""
        dtype = torch.promote_types(features.dtype, buffer.dtype)
        part = features[start : start + self.chunk].to(dtype)
        out = buffer[: part.numel()].view(part.shape)
        return torch.add(self._shift.to(dtype), part, alpha=self.scale, out=out)

    def _factor(self, features: Tensor, start: int, buffer: Tensor) -> Tensor:
        """A block as the tiles' products take it."""
        block = self._block(features, start, buffer)
        if not self._rough:
            return block
        low = block.bfloat16()
        return low if self._factors == torch.bfloat16 else block.copy_(low)

    def _measure(self, features: Tensor) -> tuple[Tensor, float]:
        """Norms of the samples, float64, and the largest share of one that bfloat16 loses."""
        norms = torch.empty(len(features), dtype=torch.float64, device=features.device)
        lost = torch.zeros_like(norms)
        buffer = self._buffer(features.shape[1], features.dtype)
        for start in range(0, len(features), self.chunk):
            block = self._block(features, start, buffer)
            for i in range(0, len(block), _PAIRS_AT_ONCE):
                part = block[i : i + _PAIRS_AT_ONCE]
                here = slice(start + i, start + i + len(part))
                norms[here] = torch.linalg.vector_norm(part.double(), dim=1)
                if self._rough:
                    rest = part.double().sub_(part.bfloat16())
                    lost[here] = torch.linalg.vector_norm(rest, dim=1) / norms[here]
        # No sample can lose more than each of its values; a norm of zero has no share.
        return norms, float(lost.nan_to_num(BFLOAT16_ROUNDOFF).max().clamp(max=BFLOAT16_ROUNDOFF))

    def _low(self, norms: Tensor, start: int) -> Tensor:
        part = norms[start : start + self.chunk]
        return part.mul(1 - self._share).to(self.dtype)


def _mean(features: Tensor) -> Tensor:
    """Mean of the samples, float64 ``[D]``; no sum of finite float32 features overflows."""
    parts = [part.double().sum(dim=0) for part in torch.split(features, _PAIRS_AT_ONCE)]
    return torch.stack(parts).sum(dim=0) / len(features)


def _share(dimension: int, products: torch.dtype, features: torch.dtype) -> float:
    """How far a squared distance can be off, as a share of the sum of both squared norms."""
    units = [torch.finfo(dtype).eps / 2 for dtype in (products, features)]
    return 2 * dimension * units[0] + _OTHER_ROUNDINGS * max(units)


def _scale(largest: float, dtype: torch.dtype) -> float:
    """A power of two, which scales without rounding, that brings the largest norm near to one."""
    limit = 120 if dtype == torch.float32 else 1000
    exponent = -math.frexp(largest)[1] if largest > 0 else 0
    return math.ldexp(1.0, min(max(exponent, -limit), limit))
