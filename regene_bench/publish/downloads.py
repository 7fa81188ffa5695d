"""The rows themselves, for those who compute on."""

from __future__ import annotations

import codecs
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from regene_bench.base.text import safe_cell
from regene_bench.leaderboard.boxed import texts
from regene_bench.leaderboard.part_file import part_bytes
from regene_bench.leaderboard.schema import PLAIN_SCHEMA
from regene_bench.leaderboard.unboxed import whole

STEM = "scores"
_AT_ONCE = 1 << 16


class Downloads:
    """The rows of a site, ready to be written: all of them, or those of one page.

    Texts are made fit for CSV once for all pages, and rows are spelt out some at a time: spelt out
    altogether they are many times what they are as dictionaries.

    Args:
        table: All rows.
        safe_cells: Of the CSV, have no cell that a spreadsheet takes for a formula.
    """

    def __init__(self, table: pa.Table, *, safe_cells: bool = True) -> None:
        self._rows = table
        self._cells = _with_texts(table, _safe_line if safe_cells else _line)

    def write(self, folder: Path, start: int, count: int) -> None:
        """Write a page's rows as ``scores.parquet``, under the leaderboard's schema, and as
        ``scores.csv``.

        Args:
            folder: Where to; made if need be.
            start: The first row.
            count: How many.
        """
        folder.mkdir(parents=True, exist_ok=True)
        rows, cells = (table.slice(start, count) for table in (self._rows, self._cells))
        (folder / f"{STEM}.parquet").write_bytes(part_bytes(rows, "many runs"))
        with (folder / f"{STEM}.csv").open("wb") as file:
            # by which spreadsheets know UTF-8
            file.write(codecs.BOM_UTF8)
            with pa_csv.CSVWriter(file, PLAIN_SCHEMA) as writer:
                for first in range(0, len(cells), _AT_ONCE):
                    writer.write_table(cells.slice(first, _AT_ONCE).cast(PLAIN_SCHEMA))

    def write_all(self, folder: Path, pages: Sequence[Path]) -> None:
        """Write all rows likewise.

        Args:
            folder: Where to; made if need be.
            pages: The folders of all pages, in the order of their rows: their lines are copied.
        """
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{STEM}.parquet").write_bytes(part_bytes(self._rows, "many runs"))
        with (folder / f"{STEM}.csv").open("wb") as file:
            file.write(codecs.BOM_UTF8)
            pa_csv.write_csv(pa.Table.from_batches([], PLAIN_SCHEMA), file)
            for page in pages:
                with (page / f"{STEM}.csv").open("rb") as lines:
                    lines.readline()
                    shutil.copyfileobj(lines, file)


def _safe_line(word: str | None) -> str | None:
    return _line(safe_cell(word))


def _line(word: str | None) -> str | None:
    """Have no line break in a cell: many readers take the lines of a file for its records."""
    return word if word is None else " ".join(word.splitlines())


def _with_texts(table: pa.Table, change: Callable[[Any], Any]) -> pa.Table:
    """Change all texts; each is looked at once, however many rows have it."""
    for index, field in enumerate(table.schema):
        if not pa.types.is_dictionary(field.type):
            continue
        column = whole(table.column(index).unify_dictionaries())
        words = texts(change(word) for word in column.dictionary.to_pylist())
        safe = pa.DictionaryArray.from_arrays(column.indices, words)
        table = table.set_column(index, field, safe)
    return table
