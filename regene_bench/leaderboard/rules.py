"""What values of a row can be, told of plain values; no Arrow.

``content`` looks at thousands of rows by these rules at once, ``is_well`` at the rows of one run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from regene_bench.leaderboard.directions import BETTER
from regene_bench.leaderboard.row_columns import COLUMNS, Kind

NEVER_NULL = (
    *("schema_version", "run_id", "benchmark", "protocol_version", "preset", "dataset"),
    *("dataset_fingerprint", "method", "method_version", "method_role", "distribution"),
    *("distribution_version", "params", "seed", "status", "timestamp"),
)
_ROLES = ("method", "reference")
_OF_SCORES = ("ok", "failed", "unavailable", "skipped")
COUNTS = tuple(c.name for c in COLUMNS if c.kind in ("int32", "int64"))
FLOATS = tuple(c.name for c in COLUMNS if c.kind == "float64")
DURATIONS = tuple(name for name in FLOATS if name.endswith(("_seconds", "_per_second")))
# the end of the year 9999, the last that Python has, in microseconds
END_OF_TIME = 253_402_300_800 * 1_000_000
_LONGEST_NAME = 200
_TYPES: dict[Kind, type] = {
    **{"text": str, "float64": float},
    **{"int32": int, "int64": int, "timestamp": int},
}
_BITS: dict[Kind, int] = {"int32": 32, "int64": 64, "timestamp": 64}


def is_file_name(name: str) -> bool:
    """Tell whether a name can stand as one component of a path on every system."""
    return not (not name or name.startswith(".") or any(c in name for c in "/\\\0:"))


def fits_kind(values: Sequence[Any], kind: Kind) -> bool:
    """Tell whether values are of a column's kind, or ``None``; times are microseconds."""
    if not set(map(type, values)) <= {_TYPES[kind], type(None)}:
        return False
    if kind == "text":
        return _can_be_written(values)
    if kind not in _BITS:
        return True
    beyond = 1 << (_BITS[kind] - 1)
    return all(-beyond <= number < beyond for number in values if number is not None)


def _can_be_written(texts: Sequence[str | None]) -> bool:
    """Whether texts are UTF-8, which halves of a character are not."""
    try:
        "".join(text for text in texts if text).encode()
    except UnicodeEncodeError:
        return False
    return True


def is_well(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether rows say what rows can say; times are microseconds.

    Args:
        rows: With all columns.
    """
    columns = {column.name: [row[column.name] for row in rows] for column in COLUMNS}
    if not all(fits_kind(columns[column.name], column.kind) for column in COLUMNS):
        return False
    there = {name: set(values) - {None} for name, values in columns.items()}
    return (
        not any(None in columns[name] for name in NEVER_NULL)
        and all(fits(text) for name, (fits, _) in TEXTS.items() for text in there[name])
        and all(number >= 0 for name in COUNTS for number in there[name])
        and all(math.isfinite(number) for name in FLOATS for number in there[name])
        and all(number >= 0 for name in DURATIONS for number in there[name])
        and all(0 <= time < END_OF_TIME for time in there["timestamp"])
        and all(map(_is_possible, rows))
    )


def _is_possible(row: Mapping[str, Any]) -> bool:
    """Whether columns that are well by themselves can say this together."""
    if row["metric"] is None:
        return row["status"] in ("ok", "failed")
    return row["status"] != "ok" or row["value"] is not None


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


TEXTS: dict[str, tuple[Callable[[str], bool], str]] = {
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
