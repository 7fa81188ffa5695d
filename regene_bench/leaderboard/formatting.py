"""How numbers are written on boards, pages and charts: four digits, or ``mean ± interval``."""

from __future__ import annotations

import math
from typing import Final

from regene_bench.leaderboard.aggregate import Statistic

_MOST_DIGITS: Final = 6


def number(value: float) -> str:
    """Write a number with four significant digits; huge and tiny ones as ``1.234e+06``."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e6 or size < 1e-3:
        return f"{value:.3e}"
    return f"{value:.{max(0, 3 - math.floor(math.log10(size)))}f}"


def interval(statistic: Statistic) -> str:
    """Write ``mean ± half width`` of the 95 % interval, to two significant digits of the latter.

    The mean of a single seed, which has no interval, is written as ``number`` writes it.
    """
    half = statistic.half_width
    if half is None:
        return number(statistic.mean)
    if half == 0:
        return f"{number(statistic.mean)} ± 0"
    digits = max(0, 1 - math.floor(math.log10(half)))
    if digits > _MOST_DIGITS or max(abs(statistic.mean), half) >= 1e6:
        return f"{number(statistic.mean)} ± {half:.1e}"
    return f"{statistic.mean:.{digits}f} ± {half:.{digits}f}"
