"""Whether rows under the leaderboard's schema say what rows can say.

A file may be whole and of the right schema and still hold what no run writes: a parameter that is
no JSON, a duration that is no number. Such a file is named and passed over; nothing behind the
reading looks again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from regene_bench.leaderboard.rules import (
    COUNTS,
    DURATIONS,
    END_OF_TIME,
    FLOATS,
    NEVER_NULL,
    TEXTS,
)
from regene_bench.leaderboard.unboxed import has_text, is_there, unboxed, words_of

_LONGEST_SHOWN = 40

Fault = tuple[int, str]
"""A row's number, and what is wrong in it."""


def faults(table: pa.Table) -> list[Fault]:
    """Find the rows that no run writes; the first fault of each kind and column in each row.

    Args:
        table: Rows with all columns of the schema, one dictionary a column.

    Returns:
        Nothing, as a rule.
    """
    return list(_faults(table))


def _faults(table: pa.Table) -> Iterator[Fault]:
    for name in NEVER_NULL:
        if table[name].null_count:
            yield from _each(~is_there(table[name]), f"{name} is missing in a row")
    for name, (fits, what) in TEXTS.items():
        yield from _unfit_texts(table[name], name, fits, what)
    for name in COUNTS:
        yield from _each(_where(table[name], lambda n: n < 0), f"{name} is less than 0")
    for name in FLOATS:
        infinite = _where(table[name], lambda n: ~np.isfinite(n))
        yield from _each(infinite, f"{name} is no finite number")
    for name in DURATIONS:
        yield from _each(_where(table[name], lambda n: n < 0), f"{name} is less than 0")
    outside = _where(table["timestamp"], lambda t: (t < 0) | (t >= END_OF_TIME))
    yield from _each(outside, "timestamp is no time of our days")
    yield from _unfit_rows(table)


def _unfit_rows(table: pa.Table) -> Iterator[Fault]:
    """What columns that are well by themselves cannot say together."""
    status, of_run = table["status"], ~is_there(table["metric"])
    ok = has_text(status, "ok")
    yield from _each(ok & ~of_run & ~is_there(table["value"]), "a score that is ok has no value")
    unknown = is_there(status) & ~(ok | has_text(status, "failed"))
    yield from _each(of_run & unknown, "a run is neither ok nor failed")


def _where(column: pa.ChunkedArray, holds: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Where something holds of the values that are there."""
    found: np.ndarray = holds(unboxed(column)) & is_there(column)
    return found


def _each(mask: np.ndarray, what: str) -> Iterator[Fault]:
    """Name the rows of a mask."""
    yield from ((int(row), what) for row in np.flatnonzero(mask))


def _unfit_texts(
    column: pa.ChunkedArray, name: str, fits: Callable[[str], bool], what: str
) -> Iterator[Fault]:
    """Look at each text once, however many rows have it."""
    words = words_of(column)
    unfit = {code: word for code, word in enumerate(words) if word is not None and not fits(word)}
    if not unfit:
        return
    codes = unboxed(column)
    for row in np.flatnonzero(np.isin(codes, list(unfit)) & is_there(column)):
        yield int(row), f"{name} is {unfit[int(codes[row])][:_LONGEST_SHOWN]!a}, {what}"
