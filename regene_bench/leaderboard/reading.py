"""Reading Parquet files of leaderboard rows, whoever wrote them: one, or a folder of thousands."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regene_bench.base.errors import ResultsError
from regene_bench.leaderboard.boxed import table_of_packed
from regene_bench.leaderboard.compacted import is_compacted
from regene_bench.leaderboard.content import faults
from regene_bench.leaderboard.packed_rows import PackedRows, unpacked
from regene_bench.leaderboard.part_file import read_pages
from regene_bench.leaderboard.parts_cache import Stamp, load_copy, stamp, store_copy
from regene_bench.leaderboard.row_columns import SCHEMA_VERSION
from regene_bench.leaderboard.schema import PLAIN_SCHEMA, SCHEMA, migrated
from regene_bench.leaderboard.seal import read_sealed
from regene_bench.leaderboard.unboxed import whole

_READERS = 4
_BATCH = 128
WORTH_A_COPY = 64
_PLAIN_TYPES = PLAIN_SCHEMA.types


@dataclass(frozen=True)
class BadPart:
    """A file among the parts that is not a readable part; it is left where it lies.

    Attributes:
        path: The file.
        reason: What is wrong with it, for a message.
        newer: It is well, but of a schema that only a newer version knows.
        contradicts: It is well, but of a run of it another file says otherwise; all else of it is
            read.
    """

    path: Path
    reason: str
    newer: bool = False
    contradicts: bool = False


class _NewerError(ResultsError):
    """A part of a schema that this version does not know."""


@dataclass(frozen=True)
class FolderRows:
    """The rows of the files of one folder.

    Attributes:
        tables: The rows, file after file.
        files: Each file that gave rows, and how many.
        bad: The files that were skipped.
    """

    tables: tuple[pa.Table, ...]
    files: tuple[tuple[Path, int], ...]
    bad: tuple[BadPart, ...]


def read_folder(folder: Path, files: Sequence[Path], columns: Sequence[str]) -> FolderRows:
    """Read files of one folder, those that have not changed from the copy of the last reading.

    Args:
        folder: Where the files lie.
        files: The files, in the order in which their rows are wanted.
        columns: The columns wanted; all are looked at.
    """
    cached = load_copy(folder)
    stamped = [(path, stamp(path)) for path in files]
    unread = [path for path, own in stamped if own not in cached.rows]
    many = len(unread) >= WORTH_A_COPY or any(is_compacted(path.name) for path in unread)
    copy = cached.table if many else cached.table.select(columns)

    def read(batch: Sequence[_Stamped]) -> _Batch:
        if batch[0][1] in cached.rows:
            return _copied(batch, copy, cached.rows)
        return _read_batch(batch, SCHEMA.names if many else columns)

    # threads that read whole files are twice as fast as a pyarrow data set, and a bad file costs
    # nothing but itself
    with ThreadPoolExecutor(_READERS) as pool:
        batches = list(pool.map(read, _batches(stamped, cached.rows)))
    tables = [table for batch in batches for table in batch.tables]
    parts = [part for batch in batches for part in batch.parts]
    # by this thread: what the readers' threads made, the memory pool gives back late
    tables = [joined(tables)] if tables else []
    if many and tables:
        known = [(own, count) for _, own, count in parts if own is not None]
        if len(known) == len(parts):
            store_copy(folder, tables[0], known)
    return FolderRows(
        tuple(table.select(columns) for table in tables),
        tuple((path, count) for path, _, count in parts),
        tuple(part for batch in batches for part in batch.bad),
    )


def read_anew(files: Sequence[Path]) -> tuple[list[tuple[Stamp | None, int]], FolderRows]:
    """Read all columns of files, none from a copy.

    Returns:
        Of each file that gave rows what it was known by before it was read, and the row count; and
        the rows.
    """
    batches = [
        _read_batch(batch, SCHEMA.names) for batch in _batches([(p, stamp(p)) for p in files], {})
    ]
    parts = [part for batch in batches for part in batch.parts]
    rows = FolderRows(
        tuple(table for batch in batches for table in batch.tables),
        tuple((path, count) for path, _, count in parts),
        tuple(bad for batch in batches for bad in batch.bad),
    )
    return [(own, count) for _, own, count in parts], rows


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Put tables after one another; every column has one dictionary then, as grouping needs."""
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def joined_in_place(tables: list[pa.Table]) -> pa.Table:
    """As ``joined``, with a column at a time twice in memory instead of all.

    Args:
        tables: Of one schema; the list is empty afterwards, and rows are let go that nobody else
            holds.
    """
    schema = tables[0].schema
    columns = [table.columns for table in tables]
    tables.clear()
    together = []
    for field in schema:
        chunks = [chunk for own in columns for chunk in own.pop(0).chunks]
        together.append(whole(pa.chunked_array(chunks, field.type).unify_dictionaries()))
    return pa.Table.from_arrays(together, schema=schema)


_Stamped = tuple[Path, Stamp | None]
_Rows = Mapping[Stamp, tuple[int, int]]


@dataclass(frozen=True)
class _Batch:
    """Some files in a row: their rows, what each gave, and those that gave none."""

    tables: list[pa.Table]
    parts: list[tuple[Path, Stamp | None, int]]
    bad: list[BadPart]


def _batches(stamped: Sequence[_Stamped], rows: _Rows) -> Iterator[list[_Stamped]]:
    """Cut the files into stretches that are all in the copy or all not."""
    for in_copy, stretch in groupby(stamped, key=lambda file: file[1] in rows):
        batch = list(stretch)
        size = len(batch) if in_copy else min(_BATCH, math.ceil(len(batch) / _READERS))
        for start in range(0, len(batch), size):
            yield batch[start : start + size]


def _read_batch(batch: Sequence[_Stamped], columns: Sequence[str]) -> _Batch:
    read: list[tuple[Path, pa.Table | PackedRows]] = []
    bad = []
    for path, _ in batch:
        part = read_part(path)
        if isinstance(part, BadPart):
            bad.append(part)
        elif part is not None:
            read.append((path, part))
    sound = _sound(read)
    stamps = dict(batch)
    parts = [(path, stamps[path], count) for path, count in sound.files]
    tables = [table.select(columns) for table in sound.tables]
    return _Batch(tables, parts, [*bad, *sound.bad])


def _sound(parts: Sequence[tuple[Path, pa.Table | PackedRows]]) -> FolderRows:
    """Tell parts whose rows say what rows can say from others, all at once where all are well."""
    if not parts:
        return FolderRows((), (), ())
    counts = [len(rows) for _, rows in parts]
    try:
        # each table of a part holds some hundred small buffers, which add up
        whole = _under_schema([rows for _, rows in parts])
        whole.validate(full=True)
        found = faults(whole)
    except (pa.ArrowException, ValueError) as error:
        if len(parts) == 1:
            return FolderRows(
                (), (), (BadPart(parts[0][0], f"not readable ({_first_line(error)})"),)
            )
        return _together([_sound([part]) for part in parts])
    ends = np.cumsum(counts)
    reasons: dict[int, str] = {}
    for row, reason in found:
        reasons.setdefault(int(np.searchsorted(ends, row, side="right")), reason)
    bad = tuple(BadPart(parts[number][0], reason) for number, reason in sorted(reasons.items()))
    kept = [number for number in range(len(parts)) if number not in reasons]
    if bad:
        pieces = [whole.slice(ends[number] - counts[number], counts[number]) for number in kept]
        whole = joined(pieces) if pieces else whole.slice(0, 0)
    return FolderRows((whole,), tuple((parts[n][0], counts[n]) for n in kept), bad)


def _together(each: Sequence[FolderRows]) -> FolderRows:
    tables = [table for one in each for table in one.tables]
    return FolderRows(
        (joined(tables),) if tables else (),
        tuple(file for one in each for file in one.files),
        tuple(bad for one in each for bad in one.bad),
    )


def _under_schema(parts: Sequence[pa.Table | PackedRows]) -> pa.Table:
    """Join rows that are packed, or have plain texts, or dictionaries; of one form all at once."""
    stretches = groupby(parts, key=lambda part: getattr(part, "schema", None))
    whole = [
        table_of_packed(list(stretch)) if schema is None else _joined_pages(list(stretch))
        for schema, stretch in stretches
    ]
    return joined(whole)


def _joined_pages(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables).combine_chunks().cast(SCHEMA)


def _copied(batch: Sequence[_Stamped], copy: pa.Table, rows: _Rows) -> _Batch:
    known = [(path, own) for path, own in batch if own is not None]
    wanted = np.concatenate([np.arange(rows[own][1]) + rows[own][0] for _, own in known])
    table = copy if len(wanted) == len(copy) else copy.take(wanted)
    return _Batch([table], [(path, own, rows[own][1]) for path, own in known], [])


def read_file(path: Path) -> pa.Table | BadPart:
    """Read one Parquet file of leaderboard rows, whoever wrote it.

    Returns:
        Its rows under ``SCHEMA``, or why it is not such a file.
    """
    part = read_part(path)
    if part is None:
        return BadPart(path, "there is no such file")
    if isinstance(part, BadPart):
        return part
    sound = _sound([(path, part)])
    return sound.bad[0] if sound.bad else sound.tables[0]


def read_part(path: Path) -> pa.Table | PackedRows | BadPart | None:
    """Read one file under the schema, without a look at what its rows say.

    Returns:
        Its rows, packed, or with texts that are plain or not; ``None`` if somebody has removed it
        since it was listed.
    """
    try:
        file = read_sealed(path)
        rows = None if file.extra is None else unpacked(file.extra)
        if rows is not None:
            return rows
        table = read_pages(file)
        return table if _is_current(table) else _cast_part(table)
    except FileNotFoundError:
        return None
    except (pa.ArrowException, OSError) as error:
        return BadPart(path, f"not a readable Parquet file ({_first_line(error)})")
    except ResultsError as error:
        return BadPart(path, error.message, newer=isinstance(error, _NewerError))


def contradicts_itself(path: Path) -> bool:
    """Tell whether a sound part has other rows in its pages than packed beside them.

    Nothing that writes parts makes such a one; other programs read the pages.
    """
    try:
        file = read_sealed(path)
        rows = None if file.extra is None else unpacked(file.extra)
        if rows is None:
            return False
        return not table_of_packed([rows]).equals(read_pages(file).cast(SCHEMA))
    except OSError:  # it went meanwhile
        return False
    except (ValueError, pa.ArrowException):  # pages of other columns, or none that can be read
        return True


def _is_current(table: pa.Table) -> bool:
    """Whether a table has today's columns and version, texts plain or not."""
    if table.schema.names != SCHEMA.names or table.schema.types not in (_PLAIN_TYPES, SCHEMA.types):
        return False
    versions = pc.min_max(table["schema_version"]).as_py()
    return set(versions.values()) == {SCHEMA_VERSION}


def _cast_part(table: pa.Table) -> pa.Table:
    """Bring a part that another tool may have rewritten under the schema, or say why not."""
    versions = table["schema_version"] if "schema_version" in table.column_names else None
    if versions is not None and pa.types.is_integer(versions.type):
        newest = pc.max(versions).as_py() or SCHEMA_VERSION
        if newest > SCHEMA_VERSION:
            raise _NewerError(
                f"its schema version {newest} is newer than {SCHEMA_VERSION}; upgrade regene-bench"
            )
        oldest = pc.min(versions).as_py()
        table = migrated(table, SCHEMA_VERSION if oldest is None else oldest)
    missing = [name for name in SCHEMA.names if name not in table.column_names]
    if missing:
        raise ResultsError("not a leaderboard part: it lacks the columns " + ", ".join(missing[:5]))
    return table.select(SCHEMA.names).cast(SCHEMA)


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
