"""Grouping by many columns at once, fast.

A group-by over twenty columns of text hashes twenty texts a row. Each column has few values: their
numbers make one whole number a row, and grouping by that is quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regene_bench.leaderboard.boxed import boxed
from regene_bench.leaderboard.unboxed import is_there, times_of, unboxed, whole, words_of

_LARGEST = 2**62
Function = Literal["mean", "stddev", "count"]
Groups = tuple[np.ndarray, np.ndarray]
"""The first row of each group, int64 ``[groups]``, and the group of each row, int64 ``[rows]``."""


def group(
    table: pa.Table,
    keys: Sequence[str],
    what: Sequence[tuple[str, Function]],
    *,
    kept: Sequence[str] | None = None,
    groups: Groups | None = None,
) -> pa.Table:
    """Group rows and aggregate, as ``pa.Table.group_by`` does.

    Args:
        table: The rows.
        keys: Columns that make a group; null is a value of its own.
        what: Aggregations of numbers. ``mean``, ``stddev`` (with n - 1 degrees of freedom; null of
            fewer than two) and ``count`` are of the values that are there.
        kept: Columns to give of a group's first row; the keys without it.
        groups: What ``members`` gave for these keys, if it was asked already.

    Returns:
        The keys and the aggregates (``column_function``), groups in order of first appearance.
    """
    first, member = groups or members(table, keys)
    found = table.select(list(keys if kept is None else kept)).take(boxed(first))
    for name, function in what:
        found = found.append_column(
            f"{name}_{function}", _aggregate(table[name], member, len(first), function)
        )
    return found


def members(table: pa.Table, keys: Sequence[str]) -> Groups:
    """Number the groups of rows by first appearance, as ``group`` gives them."""
    _, first, member = np.unique(codes(table, keys), return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return first[order], place[member]


def _aggregate(
    column: pa.ChunkedArray, member: np.ndarray, size: int, function: Function
) -> pa.Array:
    there = is_there(column)
    member, values = member[there], unboxed(column)[there].astype(np.float64)
    count = np.bincount(member, minlength=size)
    if function == "count":
        return boxed(count.astype(np.int64))
    mean = np.bincount(member, values, size) / np.maximum(count, 1)
    if function == "mean":
        return boxed(mean, count > 0)
    squares = np.bincount(member, (values - mean[member]) ** 2, size)
    return boxed(np.sqrt(squares / np.maximum(count - 1, 1)), count > 1)


def codes(table: pa.Table, keys: Sequence[str]) -> np.ndarray:
    """Number the combinations of values of some columns: int64 ``[rows]``, equal for equal rows."""
    total, size = np.zeros(len(table), np.int64), 1
    if not len(table):
        # of no chunks pyarrow makes one by Python's means, and imports pandas for it
        return total
    for key in keys:
        column = table[key]
        if not pa.types.is_dictionary(column.type):
            column = pc.dictionary_encode(column)
        one = whole(column.unify_dictionaries())
        in_one = pa.chunked_array([one])
        own = np.where(is_there(in_one), unboxed(in_one).astype(np.int64) + 1, 0)
        count = len(one.dictionary) + 1
        if size * count > _LARGEST:
            distinct, total = np.unique(total, return_inverse=True)
            size = len(distinct)
        total, size = total * count + own, size * count
    return total


def records(table: pa.Table) -> list[dict[str, Any]]:
    """Turn rows into mappings, as ``pa.Table.to_pylist`` does, texts in a fifth of its time."""
    names = table.column_names
    values = zip(*map(plain, table.columns), strict=True)
    return [dict(zip(names, row, strict=True)) for row in values]


def plain(column: pa.ChunkedArray) -> list[Any]:
    """A column as Python's values, as ``to_pylist`` gives them, in a tenth of its time."""
    if pa.types.is_dictionary(column.type):
        # each text is made once, however many rows have it
        words = np.array([*words_of(column), None], object)
        found: list[Any] = words[np.where(is_there(column), unboxed(column), -1)].tolist()
        return found
    if pa.types.is_timestamp(column.type):
        return list(times_of(column))
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        found = column.to_pylist()
        return found
    found = unboxed(column).tolist()
    if column.null_count:
        there = is_there(column).tolist()
        found = [value if known else None for value, known in zip(found, there, strict=True)]
    return found
