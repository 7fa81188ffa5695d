"""Arrow columns of what Python and numpy hold, made without pandas: the inverse of ``unboxed``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from regene_bench.leaderboard.packed_rows import PackedRows
from regene_bench.leaderboard.row_columns import COLUMNS, Kind
from regene_bench.leaderboard.rules import fits_kind
from regene_bench.leaderboard.schema import SCHEMA


def boxed(values: np.ndarray, there: np.ndarray | None = None) -> pa.Array:
    """Make an Arrow array of numbers, which shares their memory.

    Args:
        values: Of a type that Arrow has, ``[rows]``.
        there: bool ``[rows]``, false where there is no value; all are there without it.
    """
    bits = None if there is None else pa.py_buffer(np.packbits(there, bitorder="little"))
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(
        kind, len(values), [bits, pa.py_buffer(np.ascontiguousarray(values))]
    )


def texts(words: Iterable[str | None]) -> pa.StringArray:
    """Make an Arrow array of texts; ``None`` is a null.

    Raises:
        ValueError: One cannot be written as UTF-8.
    """
    words = list(words)
    there = np.array([word is not None for word in words], bool)
    encoded = [b"" if word is None else word.encode() for word in words]
    ends = np.zeros(len(encoded) + 1, np.int32)
    np.cumsum([len(word) for word in encoded], out=ends[1:])
    return pa.StringArray.from_buffers(
        len(encoded),
        pa.py_buffer(ends),
        pa.py_buffer(b"".join(encoded)),
        None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little")),
    )


def no_rows() -> pa.Table:
    """A table under ``SCHEMA`` without rows."""
    return pa.Table.from_batches([], SCHEMA)


def table_of_packed(parts: Sequence[PackedRows]) -> pa.Table:
    """Put packed rows after one another, under ``SCHEMA``.

    Raises:
        ValueError: A value is not of its column's kind.
    """
    each = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    columns = [_column(parts, column.name, column.kind, each) for column in COLUMNS]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _column(parts: Sequence[PackedRows], name: str, kind: Kind, each: np.ndarray) -> pa.Array:
    values = [part.columns[name] for part in parts]
    if any(isinstance(value, list) for value in values):
        values = list(chain.from_iterable(part.values(name) for part in parts))
        each = np.arange(len(values))
    if not fits_kind(values, kind):
        raise ValueError(f"{name} is not of the kind {kind}")
    if kind == "text":
        return _dictionary(values, each)
    there = np.array([value is not None for value in values], bool)
    numbers = np.array(
        [0 if value is None else value for value in values],
        np.float64 if kind == "float64" else np.int32 if kind == "int32" else np.int64,
    )
    array = boxed(numbers[each], None if there.all() else there[each])
    return array if kind != "timestamp" else array.view(SCHEMA.field(name).type)


def _dictionary(values: Sequence[Any], each: np.ndarray) -> pa.DictionaryArray:
    places: dict[str, int] = {}
    codes = np.array(
        [-1 if word is None else places.setdefault(word, len(places)) for word in values], np.int32
    )[each]
    there = codes >= 0
    numbers = boxed(np.maximum(codes, 0), None if there.all() else there)
    return pa.DictionaryArray.from_arrays(numbers, texts(places))
