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
import pyarrow.parquet as pq

from regene_bench.base.errors import ResultsError
from regene_bench.leaderboard.parts_cache import Stamp, load_copy, stamp, store_copy
from regene_bench.leaderboard.schema import SCHEMA, SCHEMA_VERSION, VERSION_KEY, migrated

_READERS = 4
_BATCH = 128
_FEW = 16
_WORTH_A_COPY = 64
_NEVER_NULL = (
    *("schema_version", "run_id", "benchmark", "protocol_version", "preset", "dataset"),
    *("dataset_fingerprint", "method", "method_version", "method_role", "distribution"),
    *("distribution_version", "params", "seed", "status", "timestamp"),
)


@dataclass(frozen=True)
class BadPart:
    """A file among the parts that is not a readable part; it is left where it lies.

    Attributes:
        path: The file.
        reason: What is wrong with it, for a message.
        newer: It is well, but of a schema that only a newer version knows.
    """

    path: Path
    reason: str
    newer: bool = False


class _NewerError(ResultsError):
    """A part of a schema that this version does not know."""


def read_folder(
    folder: Path, files: Sequence[Path], columns: Sequence[str]
) -> tuple[list[pa.Table], list[BadPart]]:
    """Read files of one folder, those that have not changed from the copy of the last reading.

    Args:
        folder: Where the files lie.
        files: The files, in the order in which their rows are wanted.
        columns: The columns wanted.

    Returns:
        Tables of their rows, in order, and the files that were skipped.
    """
    cached = load_copy(folder)
    stamped = [(path, stamp(path)) for path in files]
    many = sum(own not in cached.rows for _, own in stamped) >= _WORTH_A_COPY
    names = SCHEMA.names if many else columns
    copy = cached.table.select(names)

    def read(batch: Sequence[_Stamped]) -> _Batch:
        if batch[0][1] not in cached.rows:
            return _read_batch(batch, names)
        return _copied(batch, copy, cached.rows)

    # threads that read whole files are twice as fast as a pyarrow data set, and a bad file costs
    # nothing but itself
    with ThreadPoolExecutor(_READERS) as pool:
        batches = list(pool.map(read, _batches(stamped, cached.rows)))
    tables = [table for batch in batches for table in batch.tables]
    if many and tables:
        tables = [joined(tables)]
        store_copy(folder, tables[0], [part for batch in batches for part in batch.parts])
    bad = [part for batch in batches for part in batch.bad]
    return [table.select(columns) for table in tables], bad


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Put tables after one another; every column has one dictionary then, as grouping needs."""
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


_Stamped = tuple[Path, Stamp | None]
_Rows = Mapping[Stamp, tuple[int, int]]


@dataclass(frozen=True)
class _Batch:
    """Some files in a row: their rows, what each gave, and those that gave none."""

    tables: list[pa.Table]
    parts: list[tuple[Stamp, int]]
    bad: list[BadPart]


def _batches(stamped: Sequence[_Stamped], rows: _Rows) -> Iterator[list[_Stamped]]:
    """Cut the files into stretches that are all in the copy or all not."""
    for in_copy, stretch in groupby(stamped, key=lambda file: file[1] in rows):
        batch = list(stretch)
        size = len(batch) if in_copy else min(_BATCH, math.ceil(len(batch) / _READERS))
        for start in range(0, len(batch), size):
            yield batch[start : start + size]


def _read_batch(batch: Sequence[_Stamped], columns: Sequence[str]) -> _Batch:
    tables: list[pa.Table] = []
    parts, bad = [], []
    for path, own in batch:
        part = read_part(path, columns)
        if isinstance(part, BadPart):
            bad.append(part)
        elif part is not None:
            tables.append(part)
            if own is not None:
                parts.append((own, len(part)))
    if len(tables) > _FEW:
        # each table of a part holds some hundred small buffers, which add up
        tables = [joined(tables)]
    return _Batch(tables, parts, bad)


def _copied(batch: Sequence[_Stamped], copy: pa.Table, rows: _Rows) -> _Batch:
    stamps = [own for _, own in batch if own is not None]
    wanted = np.concatenate([np.arange(rows[own][1]) + rows[own][0] for own in stamps])
    table = copy if len(wanted) == len(copy) else copy.take(wanted)
    return _Batch([table], [(own, rows[own][1]) for own in stamps], [])


def read_file(path: Path) -> pa.Table | BadPart:
    """Read one Parquet file of leaderboard rows, whoever wrote it.

    Returns:
        Its rows under ``SCHEMA``, or why it is not such a file.
    """
    part = read_part(path, SCHEMA.names)
    return BadPart(path, "there is no such file") if part is None else part


def read_part(path: Path, columns: Sequence[str]) -> pa.Table | BadPart | None:
    """Read some columns of one file; ``None`` if somebody has removed it since it was listed."""
    try:
        if path.stat().st_size == 0:
            return BadPart(path, "the file is empty")
        with pq.ParquetFile(path) as file:
            own = file.schema_arrow.equals(SCHEMA) and _is_current(file.schema_arrow)
            table = file.read(list(columns) if own else None, use_threads=False)
        return table if own else _cast_part(table).select(columns)
    except FileNotFoundError:
        return None
    except (pa.ArrowException, OSError) as error:
        return BadPart(path, f"not a readable Parquet file ({_first_line(error)})")
    except ResultsError as error:
        return BadPart(path, error.message, newer=isinstance(error, _NewerError))


def _is_current(schema: pa.Schema) -> bool:
    version: bytes | None = (schema.metadata or {}).get(VERSION_KEY)
    return version == str(SCHEMA_VERSION).encode()


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
    for name in _NEVER_NULL:
        if table[name].null_count:
            raise ResultsError(f"not a leaderboard part: {name} is missing in a row")
    return table.select(SCHEMA.names).cast(SCHEMA)


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
