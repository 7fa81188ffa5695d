"""Leaderboards of several people as one: what is the same folds, what contradicts is named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from regene_bench.base.errors import ResultsError
from regene_bench.leaderboard.agreement import TOLERANCE, convention_of, verdict
from regene_bench.leaderboard.parts import FOLDER, read_parts
from regene_bench.leaderboard.reading import BadPart, read_file
from regene_bench.leaderboard.record import RunRecord, ScoreRow
from regene_bench.leaderboard.schema import SCHEMA, SCHEMA_VERSION


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
class Conflict:
    """One score of one run that two leaderboards give two values for.

    Attributes:
        run_id: The run.
        benchmark, method, seed: What it is.
        metric: The score.
        class_name: Its class, if it is per class.
        first, second: The two values.
        first_path, second_path: Where they stand.
    """

    run_id: str
    benchmark: str
    method: str
    seed: int
    metric: str
    class_name: str | None
    first: float
    second: float
    first_path: Path
    second_path: Path


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
        record, found = _fold(run_id, sources, tolerance)
        if found:
            conflicts += found
        else:
            kept.append(record)
    rows = [row for record in kept for row in record.rows()]
    tables = [*plain, pa.Table.from_pylist(_versioned(rows), schema=SCHEMA)]
    return Merged(_concatenated(tables), tuple(conflicts), tuple(record.run_id for record in kept))


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


def _fold(
    run_id: str, sources: Sequence[Source], tolerance: float
) -> tuple[RunRecord, list[Conflict]]:
    own = [(s.path, rows) for s in sources if (rows := _rows_of(s.table, run_id))]
    standing = [(path, RunRecord.from_rows(rows)) for path, rows in own]
    # a run that failed in one place and ended well in another has ended well
    standing.sort(key=lambda item: item[1].status != "ok")
    first_path, first = standing[0]
    scores = {convention_of(score): score for score in first.scores}
    places = dict.fromkeys(scores, first_path)
    conflicts = []
    for path, record in standing[1:]:
        for score in record.scores if record.status == first.status else ():
            key = convention_of(score)
            known = scores.get(key)
            if known is None:
                scores[key], places[key] = score, path
            elif not _agree(known, score, tolerance):
                conflicts.append(_conflict(first, known, score, places[key], path))
    return replace(first, scores=_without_vain_reasons(scores.values())), conflicts


def _agree(first: ScoreRow, second: ScoreRow, tolerance: float) -> bool:
    if first.value is None or second.value is None:
        return True
    return verdict(first.value, second.value, tolerance) != "off"


def _conflict(
    record: RunRecord, known: ScoreRow, score: ScoreRow, first_path: Path, second_path: Path
) -> Conflict:
    return Conflict(
        run_id=record.run_id,
        benchmark=record.benchmark,
        method=record.method,
        seed=record.seed,
        metric=score.metric,
        class_name=score.class_name,
        first=known.value or 0.0,
        second=score.value or 0.0,
        first_path=first_path,
        second_path=second_path,
    )


def _without_vain_reasons(scores: Iterable[ScoreRow]) -> tuple[ScoreRow, ...]:
    """Drop the reasons why there is no value from scores that have one."""
    every = list(scores)
    measured = {(score.metric, score.class_name) for score in every if score.status == "ok"}
    return tuple(
        score
        for score in every
        if score.status == "ok" or (score.metric, score.class_name) not in measured
    )


def _versioned(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "schema_version": SCHEMA_VERSION} for row in rows]


def _concatenated(tables: Iterable[pa.Table]) -> pa.Table:
    every = [SCHEMA.empty_table(), *tables]
    return pa.concat_tables(every).unify_dictionaries().combine_chunks()
