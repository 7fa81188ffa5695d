"""The interval of a rank, by bootstrap over seeds.

Each line's seeds are drawn anew as ``seed_draws`` says, its mean takes the place of its value, and
all lines are ranked again, equal values by one rank. The middle 95 % of the ranks that a line gets
are its interval, and its own rank is always in it. A line of one seed keeps its value while others
are drawn, and has no interval: how far another seed would have moved it nobody knows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from regene_bench.leaderboard.aggregate import CONFIDENCE, Statistic
from regene_bench.leaderboard.directions import sort_keys_of
from regene_bench.leaderboard.seed_draws import drawn_means, seed_values
from regene_bench.runtime.random import derive_seed

# resamples: the first, but no more of them than rank so many lines in all, nor fewer than the last,
# so that a board of thousands of lines costs no more than it must
_RESAMPLES, _RANKED, _FEWEST_RESAMPLES = 1000, 20_000, 200


def rank_ranges(
    statistics: Sequence[Statistic],
    labels: Sequence[str],
    direction: str,
    reference: float | None = None,
) -> list[tuple[int, int] | None]:
    """Give the interval of each line's rank among some lines.

    Args:
        statistics: Of the lines, in the ranking column.
        labels: Their labels, which tell them apart: chance is drawn for them, so that the order of
            the lines makes no difference.
        direction, reference: As of ``sort_keys_of``.

    Returns:
        The first and the last rank, from 1, one a line; ``None`` for lines of one seed.
    """
    several = [one.n > 1 for one in statistics]
    if not any(several):
        return [None] * len(statistics)
    order = sorted(range(len(labels)), key=labels.__getitem__)
    values, seeds = seed_values([[statistics[i]] for i in order])
    count = min(_RESAMPLES, max(_FEWEST_RESAMPLES, _RANKED // len(order)))
    seed = derive_seed("ranks", *(labels[i] for i in order))
    draw = np.random.Generator(np.random.Philox(seed))
    drawn = drawn_means(values, seeds, count, draw)[..., 0]
    ranks = _ranks(sort_keys_of(drawn, direction, reference))
    # as many resamples lie outside at either end, at most
    outside = int((1 - CONFIDENCE) / 2 * count)
    ranks = np.sort(ranks, axis=0)
    means = np.array([[statistics[i].mean for i in order]])
    own = _ranks(sort_keys_of(means, direction, reference))[0]
    first = np.minimum(ranks[outside], own).tolist()
    last = np.maximum(ranks[count - 1 - outside], own).tolist()
    found: list[tuple[int, int] | None] = [None] * len(order)
    for place, line in enumerate(order):
        if several[line]:
            found[line] = (int(first[place]), int(last[place]))
    return found


def _ranks(keys: np.ndarray) -> np.ndarray:
    """Ranks of each row from 1, the smallest first; equal keys share the better one."""
    order = np.argsort(keys, axis=1)
    ordered = np.take_along_axis(keys, order, axis=1)
    places = np.broadcast_to(np.arange(keys.shape[1]), keys.shape)
    begins = np.ones(keys.shape, bool)
    begins[:, 1:] = ordered[:, 1:] > ordered[:, :-1]
    shared = np.maximum.accumulate(np.where(begins, places, 0), axis=1) + 1
    ranks = np.empty_like(shared)
    np.put_along_axis(ranks, order, shared, axis=1)
    return ranks
