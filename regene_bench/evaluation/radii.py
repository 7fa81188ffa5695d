"""How far each sample's k-th nearest other sample is."""

from __future__ import annotations

import torch
from torch import Tensor

from regene_bench.base.errors import TooFewImagesError
from regene_bench.evaluation.moments import check_features
from regene_bench.evaluation.screen import Screen
from regene_bench.evaluation.true_pairs import true_pairs
from regene_bench.runtime.stop import StopCheck, no_stop

CHUNK = 1024
# Rough bounds of some more than k samples are kept, so that seldom any near one is missing.
_KEPT_PER_NEIGHBOUR, _SPARE = 4, 4
# A tile with more new candidates than this for each row is sorted whole.
_FEW = 64


def neighbour_radii(
    features: Tensor, k: int, *, chunk: int = CHUNK, between: StopCheck = no_stop
) -> Tensor:
    """Distance ``[N]`` of each sample of ``[N, D]`` from its k-th nearest other sample.

    Memory is O(N k + chunk² + chunk D).

    Args:
        features: ``[N, D]``.
        k: Which neighbour.
        chunk: Samples of either side at once.
        between: Called between chunks; it may raise to stop.

    Returns:
        In the features' precision, float32 or higher.

    Raises:
        MethodError: Not a matrix, no more than k samples, or values that are not finite.
    """
    check_features(features)
    if len(features) <= k:
        raise TooFewImagesError(
            f"{len(features)} samples have no {k}th neighbour.",
            hint=f"Give more than {k} samples.",
        )
    features = features.to(torch.promote_types(features.dtype, torch.float32))
    screen = Screen(features, features, chunk)
    kept = min(_KEPT_PER_NEIGHBOUR * k + _SPARE, len(features) - 1)
    lower, index = _candidates(screen, kept, between)
    radii = torch.empty(len(features), dtype=features.dtype, device=features.device)
    for start in range(0, len(features), chunk):
        between()
        here = slice(start, min(start + chunk, len(features)))
        radii[here] = _settle(screen, start, lower[here].double(), index[here], k, between)
    return radii


def _candidates(screen: Screen, count: int, between: StopCheck) -> tuple[Tensor, Tensor]:
    """Each sample's ``count`` smallest lower bounds ``[N, count]``, ascending, and whose they are.

    A tile above the diagonal serves its rows and its columns: half of the products are saved.
    """
    n, device = len(screen.first), screen.first.device
    lower = torch.full((n, count), torch.inf, dtype=screen.dtype, device=device)
    index = torch.zeros((n, count), dtype=torch.int64, device=device)
    for row in range(0, n, screen.chunk):
        for tile in screen.tiles(row, row):
            between()
            rows = slice(row, row + tile.lower.shape[0])
            columns = slice(tile.column, tile.column + tile.lower.shape[1])
            if tile.column == row:
                tile.lower.fill_diagonal_(torch.inf)
            else:
                _merge(lower[columns], index[columns], tile.lower.T, row)
            _merge(lower[rows], index[rows], tile.lower, tile.column)
    return lower, index


def _merge(lower: Tensor, index: Tensor, bounds: Tensor, offset: int) -> None:
    """Put those of ``bounds`` ``[n, m]`` that are smaller among the smallest of their rows."""
    n, count = lower.shape
    # Compared in the order of memory, which of a transposed tile is that of its columns.
    turned = not bounds.is_contiguous()
    limits = lower[:, -1:]
    below = bounds.T < limits.T if turned else bounds < limits
    if int(below.count_nonzero()) > _FEW * n:
        few = bounds.topk(min(count, bounds.shape[1]), dim=1, largest=False)
        values, whose = few.values, few.indices
    else:
        first, second = true_pairs(below)
        i, j = (second, first) if turned else (first, second)
        values, whose = _by_row(i, j, bounds[i, j], n)
    both = torch.cat([lower, values], dim=1)
    best = both.topk(count, dim=1, largest=False)
    lower.copy_(best.values)
    index.copy_(torch.cat([index, whose + offset], dim=1).gather(1, best.indices))


def _by_row(i: Tensor, j: Tensor, values: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Values at ``(i, j)`` as ``[n, w]``, filled up with infinity, and their columns ``[n, w]``."""
    order = i.argsort(stable=True)
    i = i[order]
    counts = torch.bincount(i, minlength=n)
    place = torch.arange(len(i), device=i.device) - (counts.cumsum(0) - counts)[i]
    filled = values.new_full((n, int(counts.max())), torch.inf)
    filled[i, place] = values[order]
    whose = torch.zeros_like(filled, dtype=torch.int64)
    whose[i, place] = j[order]
    return filled, whose


def _settle(
    screen: Screen, start: int, lower: Tensor, index: Tensor, k: int, between: StopCheck
) -> Tensor:
    """The k-th smallest distance of some rows ``[n]`` from candidates ``[n, C]``, or from all."""
    rows = torch.arange(start, start + len(lower), device=lower.device)
    # What was not kept as a candidate is no nearer than the last that was.
    beyond = lower[:, -1].clone()
    upper = screen.upper(lower, rows[:, None].expand_as(index), index)
    i, c = _open(lower, upper, k).nonzero(as_tuple=True)
    lower[i, c], upper[i, c] = screen.closer(rows[i], index[i, c])
    i, c = _open(lower, upper, k).nonzero(as_tuple=True)
    exact = torch.full_like(lower, torch.inf, dtype=screen.first.dtype)
    exact[i, c] = screen.distances(rows[i], index[i, c])
    rank = k - 1 - _surely_nearer(lower, upper, k).sum(dim=1, keepdim=True)
    radii: Tensor = exact.sort(dim=1).values.gather(1, rank)[:, 0]
    ceiling = upper.kthvalue(k, dim=1, keepdim=True).values
    complete = (beyond > ceiling[:, 0]) | (index.shape[1] == len(screen.first) - 1)
    # A sample with k copies of itself has the radius zero, and nothing is nearer.
    crowded = (~complete & (radii > 0)).nonzero()[:, 0]
    if len(crowded):
        radii[crowded] = _settle_crowded(screen, start, crowded, ceiling[crowded], k, between)
    return radii


def _surely_nearer(lower: Tensor, upper: Tensor, k: int) -> Tensor:
    """Which candidates ``[n, C]`` are nearer than the k-th, fewer than k a row by their bounds."""
    return upper < lower.kthvalue(k, dim=1, keepdim=True).values


def _open(lower: Tensor, upper: Tensor, k: int) -> Tensor:
    """Which candidates ``[n, C]`` may be the k-th nearest of their row."""
    reaching = lower <= upper.kthvalue(k, dim=1, keepdim=True).values
    return reaching & ~_surely_nearer(lower, upper, k)


def _settle_crowded(
    screen: Screen, start: int, crowded: Tensor, ceiling: Tensor, k: int, between: StopCheck
) -> Tensor:
    """The k-th smallest distance of rows with more near samples than were kept as candidates."""
    n = len(crowded)
    found: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    for tile in screen.tiles(start):
        between()
        i, j = (tile.lower[crowded] <= ceiling).nonzero(as_tuple=True)
        other = j + tile.column != crowded[i] + start
        i, j = i[other], j[other]
        found.append((i, j + tile.column, *screen.bounds(tile, crowded[i], j)))
    i, columns, lower, upper = (torch.cat(parts) for parts in zip(*found, strict=True))
    near = lower <= _kth_of_groups(upper, i, n, k)[i]
    i, columns = i[near], columns[near]
    lower, upper = screen.closer(crowded[i] + start, columns)
    near = lower <= _kth_of_groups(upper, i, n, k)[i]
    i, columns = i[near], columns[near]
    return _kth_of_groups(screen.distances(crowded[i] + start, columns), i, n, k)


def _kth_of_groups(values: Tensor, groups: Tensor, n: int, k: int) -> Tensor:
    """The k-th smallest of the values ``[P]`` in each of n groups ``[P]``, which all have k."""
    order = values.argsort()
    order = order[groups[order].argsort(stable=True)]
    counts = torch.bincount(groups, minlength=n)
    return values[order[counts.cumsum(0) - counts + k - 1]]
