"""Leaderboards of several people as one: what is the same folds, what contradicts is named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from regene_bench.base.errors import ResultsError
from regene_bench.leaderboard.agreement import TOLERANCE
from regene_bench.leaderboard.folding import Conflict, fold, table_of
from regene_bench.leaderboard.parts import read_parts
from regene_bench.leaderboard.places import FOLDER
from regene_bench.leaderboard.reading import BadPart, read_file
from regene_bench.leaderboard.record import RunRecord
from regene_bench.leaderboard.schema import SCHEMA


@dataclass(frozen=True)
class Source:
    """One leaderboard among several.

    Attributes:
        path: A results folder, or one Parquet file.
        table: Its rows, under ``schema.SCHEMA``.
        bad: Files in it that could not be read.
    """

    path: Path
    table: pa.Table
    bad: tuple[BadPart, ...] = ()


@dataclass(frozen=True)
class Merged:
    """Several leaderboards as one.

    Attributes:
        table: The rows; every run stands once.
        conflicts: Scores that contradict each other; their runs are not in the table.
        folded: Ids of the runs that stood in more than one place and agreed.
    """

    table: pa.Table
    conflicts: tuple[Conflict, ...] = ()
    folded: tuple[str, ...] = ()


def read_source(path: Path) -> Source:
    """Read a results folder, or a Parquet file that was downloaded or exported.

    Raises:
        ResultsError: There is nothing of the kind at the path.
    """
    if path.is_file():
        table = read_file(path)
        if isinstance(table, BadPart):
            raise ResultsError(
                f"{path}: {table.reason}.", hint="Give a results folder or a leaderboard's Parquet."
            )
        return Source(path, table)
    if not (path / FOLDER).is_dir():
        raise ResultsError(
            f"{path} is no results folder: it has no folder {FOLDER!r}.",
            hint="Give the folder that `regene-bench run --results` wrote to.",
        )
    table, bad = read_parts(path)
    return Source(path, table, tuple(bad))


def merge(sources: Sequence[Source], tolerance: float = TOLERANCE) -> Merged:
    """Put leaderboards together, by run id.

    Of a run that stands in several places all scores are kept. Where both have a score, values
    that agree fold into the first; a value beats a reason why there is none. If one score of a run
    contradicts, the whole run is left out: nobody can know which of the two is right.

    Args:
        sources: In the order of precedence.
        tolerance: Greatest relative difference of values that agree.
    """
    repeated = _repeated(sources)
    if not repeated:
        return Merged(_concatenated(source.table for source in sources))
    plain = [_without(source.table, repeated) for source in sources]
    kept: list[RunRecord] = []
    conflicts: list[Conflict] = []
    for run_id in sorted(repeated):
        standing = [(s.path, rows) for s in sources if (rows := _rows_of(s.table, run_id))]
        record, found = fold(
            [(path, RunRecord.from_rows(rows)) for path, rows in standing], tolerance
        )
        if found:
            conflicts += found
        else:
            kept.append(record)
    tables = [*plain, table_of(kept)]
    return Merged(_concatenated(tables), tuple(conflicts), tuple(record.run_id for record in kept))


def without_tracebacks(table: pa.Table) -> pa.Table:
    """Leave out where tracebacks lie: what is published is the rows, and no files beside them."""
    index = SCHEMA.names.index("traceback_path")
    field = SCHEMA.field(index)
    return table.set_column(index, field, pa.nulls(len(table), field.type))


def records(table: pa.Table) -> Iterable[RunRecord]:
    """Yield the runs of a table one by one, sorted by id, without making all at once."""
    order = pc.sort_indices(table["run_id"].cast(pa.string()))
    rows: list[dict[str, Any]] = []
    for batch in table.take(order).to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            if rows and rows[0]["run_id"] != row["run_id"]:
                yield RunRecord.from_rows(rows)
                rows = []
            rows.append(row)
    if rows:
        yield RunRecord.from_rows(rows)


def _repeated(sources: Sequence[Source]) -> set[str]:
    seen: set[str] = set()
    repeated: set[str] = set()
    for source in sources:
        own = set(source.table["run_id"].unique().to_pylist())
        repeated |= seen & own
        seen |= own
    return repeated


def _rows_of(table: pa.Table, run_id: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.filter(pc.equal(table["run_id"], run_id)).to_pylist()
    return rows


def _without(table: pa.Table, run_ids: set[str]) -> pa.Table:
    named = pc.is_in(table["run_id"].cast(pa.string()), value_set=pa.array(sorted(run_ids)))
    return table.filter(pc.invert(named))


def _concatenated(tables: Iterable[pa.Table]) -> pa.Table:
    # of one chunk a column no copy is made
    every = [table for table in tables if len(table)] or [SCHEMA.empty_table()]
    return pa.concat_tables(every).unify_dictionaries().combine_chunks()
