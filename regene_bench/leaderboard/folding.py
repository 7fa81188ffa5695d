"""What several files say of one run, as one: what is the same folds, what contradicts is named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from regene_bench.leaderboard.agreement import TOLERANCE, convention_of, verdict
from regene_bench.leaderboard.record import RunRecord, ScoreRow
from regene_bench.leaderboard.row_columns import SCHEMA_VERSION
from regene_bench.leaderboard.schema import SCHEMA


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


def fold(
    standing: Sequence[tuple[Path, RunRecord]], tolerance: float = TOLERANCE
) -> tuple[RunRecord, list[Conflict]]:
    """Make one record of those that several places have of one run.

    All scores are kept. Where two have a score, values that agree fold into the first; a value
    beats a reason why there is none.

    Args:
        standing: Where a record stands, and the record; in the order of precedence.
        tolerance: Greatest relative difference of values that agree.

    Returns:
        The record, and what contradicts in it: then nobody can know what is right.
    """
    # a run that failed in one place and ended well in another has ended well
    standing = sorted(standing, key=lambda item: item[1].status != "ok")
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


def table_of(records: Iterable[RunRecord], schema: pa.Schema = SCHEMA) -> pa.Table:
    """The rows of records, under the schema, or the same one with plain texts."""
    rows = [row for run in records for row in run.rows()]
    versions = [SCHEMA_VERSION] * len(rows)
    columns = [
        _array(versions if name == "schema_version" else [row[name] for row in rows], kind)
        for name, kind in zip(schema.names, schema.types, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    # most columns of a run say the same in all rows; to repeat it is faster than to look at each
    if values and len(set(map(id, values))) == 1:
        return pa.repeat(pa.scalar(values[0], kind), len(values))
    return pa.array(values, kind)
