"""What lies in Arrow columns, as numpy sees it: without a copy, and without pandas.

`pyarrow` looks for pandas, and so imports it, whenever it is given something of Python's or numpy's
or gives numpy something. That takes longer than to read a run.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_TYPES = {4: np.int32, 8: np.int64}


def unboxed(column: pa.ChunkedArray) -> np.ndarray:
    """The numbers of a column, or of a column of texts the places in its dictionary.

    Args:
        column: Of numbers, times, or texts with one dictionary.

    Returns:
        One a row, float64, int32 or int64; where a row has no value, any number.
    """
    array = whole(column)
    if pa.types.is_dictionary(array.type):
        array = array.indices
    kind = np.float64 if pa.types.is_floating(array.type) else _TYPES[array.type.bit_width // 8]
    content = array.buffers()[1]
    if content is None:
        return np.zeros(len(array), kind)
    return np.frombuffer(content, kind)[array.offset : array.offset + len(array)]


def is_there(column: pa.ChunkedArray) -> np.ndarray:
    """Tell which rows of a column have a value."""
    array = whole(column)
    bits = array.buffers()[0]
    if bits is None or not array.null_count:
        return np.ones(len(array), bool)
    # of a stretch of a long column only the bytes in which its own bits are
    first, before = divmod(array.offset, 8)
    own = np.frombuffer(bits, np.uint8)[first : -(-(array.offset + len(array)) // 8)]
    each = np.unpackbits(own, bitorder="little")
    return each[before : before + len(array)].astype(bool)


def has_text(column: pa.ChunkedArray, text: str) -> np.ndarray:
    """Tell which rows of a column of texts have this one."""
    places = [code for code, word in enumerate(words_of(column)) if word == text]
    found: np.ndarray = np.isin(unboxed(column), places) & is_there(column)
    return found


def words_of(column: pa.ChunkedArray) -> list[str | None]:
    """The dictionary of a column of texts."""
    words: list[str | None] = whole(column).dictionary.to_pylist()
    return words


def rows_of(table: pa.Table, run_id: str) -> list[dict[str, Any]]:
    """The rows of one run, of a table with one dictionary a column."""
    column = table["run_id"]
    places = [code for code, word in enumerate(words_of(column)) if word == run_id]
    found = np.flatnonzero(np.isin(unboxed(column), places) & is_there(column))
    if not len(found):
        return []
    first, last = int(found[0]), int(found[-1])
    stretch = table.slice(first, last - first + 1)
    columns = [_values(stretch[name]) for name in stretch.column_names]
    rows = [dict(zip(stretch.column_names, row, strict=True)) for row in zip(*columns, strict=True)]
    return [row for row in rows if row["run_id"] == run_id]


def _values(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        return list(times_of(column))
    values: list[Any] = column.to_pylist()
    return values


def times_of(column: pa.ChunkedArray) -> list[datetime | None]:
    """The times of a column of microseconds, in UTC."""
    times = zip(unboxed(column).tolist(), is_there(column).tolist(), strict=True)
    return [_BEGIN + timedelta(microseconds=time) if there else None for time, there in times]


def whole(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece; of one chunk no copy is made."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
