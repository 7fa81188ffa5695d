"""Which ranks a line may have, as far as the intervals of its seeds tell."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence

from regene_bench.leaderboard.aggregate import Statistic
from regene_bench.leaderboard.directions import SortKey


def rank_ranges(statistics: Sequence[Statistic], sort_key: SortKey) -> list[tuple[int, int]]:
    """Give the first and the last rank that each of some lines may have.

    A line stands before another for certain if their 95 % intervals do not overlap. A single seed
    has no interval: its value is taken as it is. Equal values without intervals share a rank.

    Args:
        statistics: Of the lines, in the ranking column.
        sort_key: Sorts better values first.

    Returns:
        First and last rank of each, from 1.
    """
    spans = [(sort_key(one.mean), one.half_width or 0.0) for one in statistics]
    starts = sorted(value - half for value, half in spans)
    ends = sorted(value + half for value, half in spans)
    tied = Counter(value for value, half in spans if half == 0)
    ranges = []
    for value, half in spans:
        before = bisect_left(ends, value - half)
        after = len(spans) - bisect_right(starts, value + half)
        # those that share its rank, but for itself
        beside = tied[value] - 1 if half == 0 else 0
        ranges.append((1 + before, len(spans) - after - beside))
    return ranges
