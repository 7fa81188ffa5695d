"""Which ranks a line may have, as far as the intervals of its seeds tell."""

from __future__ import annotations

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

    def is_before(one: tuple[float, float], other: tuple[float, float]) -> bool:
        return one[0] + one[1] < other[0] - other[1]

    def is_tied(one: tuple[float, float], other: tuple[float, float]) -> bool:
        return one == other and one[1] == 0

    ranges = []
    for own in spans:
        first = 1 + sum(is_before(other, own) for other in spans)
        after = sum(is_before(own, other) or is_tied(own, other) for other in spans)
        # it is tied with itself
        last = len(spans) - after + (1 if is_tied(own, own) else 0)
        ranges.append((first, last))
    return ranges
