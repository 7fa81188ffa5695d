"""Precision, recall, density and coverage: how two sets of samples cover each other.

A ball around each sample reaches to its k-th nearest neighbour in its own set. Precision is the
share of generated samples in a ball of a real one, recall the reverse (Kynkäänniemi et al. 2019).
Density counts the real balls that a generated sample lies in, over k; coverage is the share of real
balls that hold a generated sample (Naeem et al. 2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from regene_bench.errors import MethodError
from regene_bench.evaluation.frechet import check_pair
from regene_bench.evaluation.moments import check_features
from regene_bench.evaluation.screen import Screen

_CHUNK = 1024


@dataclass(frozen=True)
class Manifold:
    """How a generated set lies to a real one.

    Attributes:
        precision: Share of generated samples within the real set, in [0, 1].
        recall: Share of real samples within the generated set, in [0, 1].
        density: Mean number of real balls around a generated sample, over k; 1 for equal
            distributions, and it can be larger.
        coverage: Share of real balls with a generated sample, in [0, 1].
    """

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall_density_coverage(
    real: Tensor,
    generated: Tensor,
    *,
    k: int = 5,
    radii_real: Tensor | None = None,
    chunk: int = _CHUNK,
) -> Manifold:
    """Compare generated features ``[M, D]`` with real ones ``[N, D]``.

    A sample is no neighbour of itself, and it is in a ball if its distance is smaller than the
    radius. Distances are computed in float64 and rounded to the features' precision, so that ties
    fall as in the authors' library ``prdc``. Memory is O(N + M + chunk²).

    Args:
        real: ``[N, D]``.
        generated: ``[M, D]``.
        k: Number of neighbours that a ball reaches to.
        radii_real: ``neighbour_radii(real, k)``, if it is known already.
        chunk: Samples of either side at once.

    Raises:
        MethodError: Other shapes, no more than k samples, or values that are not finite.
    """
    check_pair(real, generated)
    dtype = torch.promote_types(torch.promote_types(real.dtype, generated.dtype), torch.float32)
    real, generated = real.to(dtype), generated.to(dtype)
    radii_real = neighbour_radii(real, k, chunk=chunk) if radii_real is None else radii_real
    radii_generated = neighbour_radii(generated, k, chunk=chunk)
    device = real.device
    in_real = torch.zeros(len(generated), dtype=torch.int64, device=device)
    in_generated = torch.zeros(len(real), dtype=torch.bool, device=device)
    occupied = torch.zeros(len(real), dtype=torch.bool, device=device)
    screen = Screen(real, generated, chunk)
    for row in range(0, len(real), chunk):
        for tile in screen.tiles(row):
            height, width = tile.lower.shape
            of_rows = radii_real[row : row + height, None]
            rows, columns = screen.within(tile, of_rows)
            in_real += torch.bincount(columns, minlength=len(generated))
            occupied[rows] = True
            of_columns = radii_generated[None, tile.column : tile.column + width]
            rows, _ = screen.within(tile, of_columns)
            in_generated[rows] = True
    return Manifold(
        precision=_share(in_real > 0),
        recall=_share(in_generated),
        density=float(in_real.sum()) / (k * len(generated)),
        coverage=_share(occupied),
    )


def neighbour_radii(features: Tensor, k: int, *, chunk: int = _CHUNK) -> Tensor:
    """Distance ``[N]`` of each sample of ``[N, D]`` from its k-th nearest other sample.

    Raises:
        MethodError: Not a matrix, no more than k samples, or values that are not finite.
    """
    check_features(features)
    if len(features) <= k:
        raise MethodError(
            f"{len(features)} samples have no {k}th neighbour.",
            hint=f"Give more than {k} samples.",
        )
    features = features.to(torch.promote_types(features.dtype, torch.float32))
    screen = Screen(features, features, chunk)
    lower, index = _candidates(screen, min(2 * k + 2, len(features) - 1))
    radii = torch.empty(len(features), dtype=features.dtype, device=features.device)
    for start in range(0, len(features), chunk):
        stop = min(start + chunk, len(features))
        rows = torch.arange(start, stop, device=features.device)
        radii[start:stop] = _settle(screen, rows, lower[start:stop], index[start:stop], k)
    return radii


def _candidates(screen: Screen, count: int) -> tuple[Tensor, Tensor]:
    """Each sample's ``count`` smallest lower bounds ``[N, count]``, ascending, and whose they are.

    A tile above the diagonal serves its rows and its columns: half of the products are saved.
    """
    n, device = len(screen.first), screen.first.device
    lower = torch.full((n, count), torch.inf, device=device, dtype=torch.float64)
    index = torch.zeros((n, count), dtype=torch.int64, device=device)

    def merge(bounds: Tensor, row: int, column: int) -> None:
        few = bounds.topk(min(count, bounds.shape[1]), dim=1, largest=False)
        here = slice(row, row + len(bounds))
        both = torch.cat([lower[here], few.values.double()], dim=1)
        whose = torch.cat([index[here], few.indices + column], dim=1)
        best = both.topk(count, dim=1, largest=False)
        lower[here], index[here] = best.values, whose.gather(1, best.indices)

    for row in range(0, n, screen.chunk):
        for tile in screen.tiles(row, row):
            if tile.column == row:
                merge(tile.lower.fill_diagonal_(torch.inf), row, row)
            else:
                merge(tile.lower, row, tile.column)
                merge(tile.lower.T.contiguous(), tile.column, row)
    return lower, index


def _settle(screen: Screen, rows: Tensor, lower: Tensor, index: Tensor, k: int) -> Tensor:
    """The k-th smallest distance of each row from candidates ``[n, C]``, or from all if need be."""
    upper = lower + screen.width(rows[:, None].expand_as(index), index)
    ceiling = upper.kthvalue(k, dim=1, keepdim=True).values
    # The k-th is among those that may reach up to it, less the nearer ones, which only count.
    nearer = upper < lower[:, k - 1 : k]
    near = (lower <= ceiling) & ~nearer
    exact = torch.full_like(lower, torch.inf, dtype=screen.first.dtype)
    i, c = near.nonzero(as_tuple=True)
    exact[i, c] = screen.distances(rows[i], index[i, c])
    rank = k - 1 - nearer.sum(dim=1, keepdim=True)
    radii: Tensor = exact.sort(dim=1).values.gather(1, rank)[:, 0]
    complete = (lower[:, -1:] > ceiling)[:, 0] | (index.shape[1] == len(screen.first) - 1)
    # A sample with k copies of itself has the radius zero, and nothing is nearer.
    crowded = (~complete & (radii > 0)).nonzero()[:, 0]
    if len(crowded):
        radii[crowded] = _settle_crowded(screen, rows, crowded, ceiling, k)
    return radii


def _settle_crowded(
    screen: Screen, rows: Tensor, crowded: Tensor, ceiling: Tensor, k: int
) -> Tensor:
    """The k-th smallest distance of rows with more near samples than were kept as candidates."""
    found: list[tuple[Tensor, Tensor]] = []
    for tile in screen.tiles(int(rows[0])):
        i, j = (tile.lower[crowded] <= ceiling[crowded]).nonzero(as_tuple=True)
        columns = j + tile.column
        other = columns != rows[crowded[i]]
        i, columns = i[other], columns[other]
        if len(i):
            found.append((i, screen.distances(rows[crowded[i]], columns)))
    whose = torch.cat([i for i, _ in found])
    exact = torch.cat([distances for _, distances in found])
    return torch.stack([exact[whose == i].kthvalue(k).values for i in range(len(crowded))])


def _share(flags: Tensor) -> float:
    return int(flags.sum()) / len(flags)
