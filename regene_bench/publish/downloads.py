"""The rows themselves, for those who compute on."""

from __future__ import annotations

from pathlib import Path

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
    (folder / f"{STEM}.parquet").write_bytes(part_bytes(table.cast(SCHEMA), large=True))
    plain = pa.schema(
        [
            pa.field(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type)
            for f in SCHEMA
        ]
    )
    if safe_cells:
        table = _with_safe_cells(table)
    pa_csv.write_csv(table.cast(plain), folder / f"{STEM}.csv")


def _with_safe_cells(table: pa.Table) -> pa.Table:
    """Each text is looked at once, however many rows have it."""
    for index, field in enumerate(table.schema):
        if not pa.types.is_dictionary(field.type):
            continue
        column = table.column(index).unify_dictionaries().combine_chunks()
        words = pa.array([safe_cell(word) for word in column.dictionary.to_pylist()], pa.string())
        safe = pa.DictionaryArray.from_arrays(column.indices, words)
        table = table.set_column(index, field, safe)
    return table
