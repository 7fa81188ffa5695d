"""Which rows of a site's table each page shows: a stretch of it, so that no page copies any."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pyarrow as pa

from regene_bench.leaderboard.boxed import boxed
from regene_bench.leaderboard.unboxed import unboxed, words_of

_PAGE = ("benchmark", "preset")

Stretch = tuple[int, int]
"""The first row, and how many there are."""


@dataclass(frozen=True)
class PageRows:
    """Rows in the order of pages.

    Attributes:
        table: All rows, those of a benchmark and preset one after the other, else in the order that
            they came in.
        stretches: Where each benchmark and preset stands.
    """

    table: pa.Table
    stretches: dict[tuple[str, str], Stretch]


def by_pages(table: pa.Table) -> PageRows:
    """Put the rows of a page together.

    Args:
        table: Rows under the leaderboard's schema, one dictionary a column.
    """
    # neither is ever missing
    benchmarks, presets = ([word or "" for word in words_of(table[name])] for name in _PAGE)
    pages = sorted(product(benchmarks, presets))
    number = dict(zip(pages, range(len(pages)), strict=True))
    numbers = np.array([[number[b, p] for p in presets] for b in benchmarks], np.int64)
    numbers = numbers.reshape(len(benchmarks), len(presets))  # also without a row
    page = numbers[*(unboxed(table[name]) for name in _PAGE)]
    order = np.argsort(page, kind="stable")
    if np.any(np.diff(page) < 0):
        table = table.take(boxed(order))
    firsts = np.searchsorted(page[order], np.arange(len(pages) + 1)).tolist()
    stretches = {page: (firsts[n], firsts[n + 1] - firsts[n]) for page, n in number.items()}
    return PageRows(table, stretches)
