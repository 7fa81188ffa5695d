"""The rows themselves, for those who compute on."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from regene_bench.base.text import safe_cell
from regene_bench.leaderboard.part_file import part_bytes
from regene_bench.leaderboard.schema import SCHEMA

STEM = "scores"


def write_downloads(table: pa.Table, folder: Path, *, safe_cells: bool = True) -> None:
    """Write rows as ``scores.parquet``, under the leaderboard's schema, and ``scores.csv``.

    Args:
        table: The rows.
        folder: Where to; made if need be.
        safe_cells: Of the CSV, have no cell that a spreadsheet takes for a formula.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{STEM}.parquet").write_bytes(part_bytes(table, "many runs"))
    plain = pa.schema(
        [
            pa.field(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type)
            for f in SCHEMA
        ]
    )
    if safe_cells:
        table = _with_safe_cells(table)
    with (folder / f"{STEM}.csv").open("wb") as file:
        # by which spreadsheets know UTF-8
        file.write(codecs.BOM_UTF8)
        pa_csv.write_csv(_on_one_line(table).cast(plain), file)


def _with_safe_cells(table: pa.Table) -> pa.Table:
    return _with_texts(table, safe_cell)


def _on_one_line(table: pa.Table) -> pa.Table:
    """Have no line break in a cell: many readers take the lines of a file for its records."""
    return _with_texts(table, lambda word: word if word is None else " ".join(word.splitlines()))


def _with_texts(table: pa.Table, change: Callable[[Any], Any]) -> pa.Table:
    """Change all texts; each is looked at once, however many rows have it."""
    for index, field in enumerate(table.schema):
        if not pa.types.is_dictionary(field.type):
            continue
        column = table.column(index).unify_dictionaries().combine_chunks()
        words = pa.array([change(word) for word in column.dictionary.to_pylist()], pa.string())
        safe = pa.DictionaryArray.from_arrays(column.indices, words)
        table = table.set_column(index, field, safe)
    return table
