"""The rows of a run as compressed JSON: what lies in a part beside Parquet's pages.

To read a Parquet file of 48 columns takes ten times as long as to read the same rows so, and to
import what reads it takes longer than to show a run. A column that says the same in all rows, as
most do, is one value.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regene_bench.leaderboard.row_columns import COLUMNS, SCHEMA_VERSION

_NAMES = tuple(column.name for column in COLUMNS)
# of some kilobytes the best takes as long as the fastest to unpack, and is smaller
_LEVEL = 9
# a run of a thousand classes has some megabytes; a part from elsewhere may claim more than memory
_MOST_BYTES = 1 << 26


@dataclass(frozen=True)
class PackedRows:
    """Rows with all columns of today's schema.

    Attributes:
        count: How many.
        columns: By name, either one value for all rows or a list of ``count``; times are
            microseconds. Nothing has looked at them.
    """

    count: int
    columns: Mapping[str, Any]

    def __len__(self) -> int:
        return self.count

    def rows(self) -> list[dict[str, Any]]:
        """Each row by itself."""
        every = [self.values(name) for name in _NAMES]
        return [dict(zip(_NAMES, row, strict=True)) for row in zip(*every, strict=True)]

    def values(self, name: str) -> list[Any]:
        """A column's value in each row."""
        found = self.columns[name]
        return found if isinstance(found, list) else [found] * self.count


def packed(columns: Mapping[str, Sequence[str | int | float | None]]) -> bytes:
    """Pack rows.

    Args:
        columns: Equally many values each.
    """
    (count,) = {len(values) for values in columns.values()}
    told = {
        name: values[0] if _all_same(values) else list(values) for name, values in columns.items()
    }
    text = json.dumps({"rows": count, "columns": told}, separators=(",", ":"))
    return zlib.compress(text.encode("ascii"), _LEVEL)


def _all_same(values: Sequence[str | int | float | None]) -> bool:
    if values.count(values[0]) < len(values):
        return False
    # zeros of both signs are equal, and not the same
    return values[0] != 0.0 or len(set(map(repr, values))) == 1


def unpacked(content: bytes) -> PackedRows | None:
    """Unpack rows; ``None`` where they are not of today's schema, or nothing that was packed."""
    opened = zlib.decompressobj()
    try:
        text = opened.decompress(content, _MOST_BYTES)
        if not opened.eof:
            return None
        found = json.loads(text)
        count, columns = found["rows"], found["columns"]
        lists = [values for values in columns.values() if isinstance(values, list)]
        if tuple(columns) != _NAMES or columns["schema_version"] != SCHEMA_VERSION:
            return None
        # rows of a run differ in something: a count that no list bears out is none
        fits = count == (len(lists[0]) if lists else 1) and all(len(v) == count for v in lists)
        return PackedRows(int(count), columns) if fits else None
    except (zlib.error, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
