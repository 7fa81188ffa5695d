"""Means over seeds that are drawn anew: the bootstrap of what stands on few runs.

Of a line's n seeds n - 1 are drawn with replacement. Drawn n times, as usual, their mean varies by
(n - 1)/n of what it should: of two seeds by half. One less makes up for it (Rao and Wu 1988,
"Resampling inference with complex survey data"). A single seed stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from regene_bench.leaderboard.aggregate import Statistic


def seed_values(
    lines: Sequence[Sequence[Statistic | None]],
) -> tuple[np.ndarray, np.ndarray]:
    """Lay the values of lines out by seed.

    Args:
        lines: The cells of each, one a column. One that does not say its seeds has one, its mean.

    Returns:
        float64 ``[lines, seeds, columns]``, each line's seeds in their order from the left, NaN
        where there is no value; and the number of each line's seeds, int64 ``[lines]``.
    """
    pairs = [[_by_seed(cell) for cell in cells] for cells in lines]
    seeds = [sorted({seed for cell in cells for seed, _ in cell}) for cells in pairs]
    columns = max(map(len, lines), default=0)
    values = np.full((len(lines), max(map(len, seeds), default=0), columns), np.nan)
    for i, cells in enumerate(pairs):
        place = {seed: number for number, seed in enumerate(seeds[i])}
        for k, cell in enumerate(cells):
            for seed, value in cell:
                values[i, place[seed], k] = value
    return values, np.array([len(own) for own in seeds], np.int64)


def drawn_means(
    values: np.ndarray, seeds: np.ndarray, resamples: int, draw: np.random.Generator
) -> np.ndarray:
    """Means over seeds that are drawn anew for every resample and line, the same in all columns.

    Args:
        values, seeds: As of ``seed_values``.
        resamples: How many.
        draw: Where chance comes from.

    Returns:
        float64 ``[resamples, lines, columns]``; NaN where no seed that was drawn has a value.
    """
    lines, most, columns = values.shape
    total = np.zeros((resamples, lines, columns))
    count = np.zeros((resamples, lines, columns))
    filled, there = np.nan_to_num(values), ~np.isnan(values)
    which = np.arange(lines)
    for turn in range(max(most - 1, 1)):
        drawn = (draw.random((resamples, lines)) * seeds).astype(np.int64)
        # a line of fewer seeds has had its draws
        takes_part = (turn < np.maximum(seeds - 1, 1))[None, :, None]
        total += np.where(takes_part, filled[which, drawn], 0)
        count += takes_part & there[which, drawn]
    with np.errstate(invalid="ignore"):
        means: np.ndarray = np.where(count > 0, total / count, np.nan)
    return means


def _by_seed(cell: Statistic | None) -> tuple[tuple[int, float], ...]:
    if cell is None:
        return ()
    return cell.by_seed or ((0, cell.mean),)
