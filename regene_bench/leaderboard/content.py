"""Whether rows under the leaderboard's schema say what rows can say.

A file may be whole and of the right schema and still hold what no run writes: a parameter that is
no JSON, a duration that is no number. Such a file is named and passed over; nothing behind the
reading looks again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from regene_bench.leaderboard.directions import BETTER
from regene_bench.leaderboard.schema import COLUMNS
from regene_bench.leaderboard.unboxed import is_there, unboxed, words_of

NEVER_NULL = (
    *("schema_version", "run_id", "benchmark", "protocol_version", "preset", "dataset"),
    *("dataset_fingerprint", "method", "method_version", "method_role", "distribution"),
    *("distribution_version", "params", "seed", "status", "timestamp"),
)
_ROLES = ("method", "reference")
_OF_SCORES = ("ok", "failed", "unavailable", "skipped")
_COUNTS = tuple(c.name for c in COLUMNS if c.kind in ("int32", "int64"))
_FLOATS = tuple(c.name for c in COLUMNS if c.kind == "float64")
# the end of the year 9999, the last that Python has, in microseconds
_END_OF_TIME = 253_402_300_800 * 1_000_000
_LONGEST_NAME = 200
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


def is_file_name(name: str) -> bool:
    """Tell whether a name can stand as one component of a path on every system."""
    return not (not name or name.startswith(".") or any(c in name for c in "/\\\0:"))


def _faults(table: pa.Table) -> Iterator[Fault]:
    for name in NEVER_NULL:
        if table[name].null_count:
            yield from _each(~is_there(table[name]), f"{name} is missing in a row")
    for name, (fits, what) in _TEXTS.items():
        yield from _unfit_texts(table[name], name, fits, what)
    for name in _COUNTS:
        yield from _each(_where(table[name], lambda n: n < 0), f"{name} is less than 0")
    for name in _FLOATS:
        infinite = _where(table[name], lambda n: ~np.isfinite(n))
        yield from _each(infinite, f"{name} is no finite number")
        if name.endswith(("_seconds", "_per_second")):
            yield from _each(_where(table[name], lambda n: n < 0), f"{name} is less than 0")
    outside = _where(table["timestamp"], lambda t: (t < 0) | (t >= _END_OF_TIME))
    yield from _each(outside, "timestamp is no time of our days")
    yield from _unfit_rows(table)


def _unfit_rows(table: pa.Table) -> Iterator[Fault]:
    """What columns that are well by themselves cannot say together."""
    status, of_run = table["status"], ~is_there(table["metric"])
    ok = _has_text(status, "ok")
    yield from _each(ok & ~of_run & ~is_there(table["value"]), "a score that is ok has no value")
    unknown = is_there(status) & ~(ok | _has_text(status, "failed"))
    yield from _each(of_run & unknown, "a run is neither ok nor failed")


def _where(column: pa.ChunkedArray, holds: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Where something holds of the values that are there."""
    found: np.ndarray = holds(unboxed(column)) & is_there(column)
    return found


def _has_text(column: pa.ChunkedArray, text: str) -> np.ndarray:
    places = [code for code, word in enumerate(words_of(column)) if word == text]
    found: np.ndarray = np.isin(unboxed(column), places) & is_there(column)
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


def _one_of(*words: str) -> tuple[Callable[[str], bool], str]:
    return frozenset(words).__contains__, "none of " + ", ".join(words)


def _names_a_file(text: str) -> bool:
    return is_file_name(text) and text.isprintable() and len(text) <= _LONGEST_NAME


def _is_object(text: str) -> bool:
    return isinstance(_loaded(text), dict)


def _is_versions(text: str) -> bool:
    if not text:
        return True
    found = _loaded(text)
    return isinstance(found, dict) and all(isinstance(version, str) for version in found.values())


def _loaded(text: str) -> Any:
    """What JSON holds that can be written again; ``None`` where it is none."""
    try:
        found = json.loads(text)
        # neither infinite numbers nor halves of a character can be shown or hashed
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return found


def _stays_inside(text: str) -> bool:
    """Whether a path leads nowhere but into the results folder."""
    parts = text.replace("\\", "/").split("/")
    return not (text.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in text)


_TEXTS: dict[str, tuple[Callable[[str], bool], str]] = {
    "run_id": (_names_a_file, "no run's id"),
    "benchmark": (_names_a_file, "no benchmark's name"),
    "method": (bool, "no name"),
    "metric": (bool, "no name"),
    "method_role": _one_of(*_ROLES),
    "status": _one_of(*_OF_SCORES),
    "direction": _one_of(*BETTER),
    "params": (_is_object, "no JSON object"),
    "packages": (_is_versions, "no JSON object of versions"),
    "traceback_path": (_stays_inside, "which leads out of the results folder"),
}
