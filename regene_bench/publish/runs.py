"""The runs behind the lines of boards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from regene_bench.leaderboard.aggregate import COHORT, Key, first_rows
from regene_bench.leaderboard.board import Board, Line
from regene_bench.leaderboard.record import RunRecord
from regene_bench.leaderboard.schema import RUN_COLUMNS

_LINE = ("method", "method_version", "distribution", "params")
_BATCH = 10_000


def runs_by_line(table: pa.Table) -> dict[Key, list[RunRecord]]:
    """Sort the runs of a leaderboard by the lines that they stand behind.

    Returns:
        Records without scores by ``line_key``, each list sorted by seed.
    """
    lines: dict[Key, list[RunRecord]] = {}
    for row in _batched(first_rows(table)):
        whole = dict.fromkeys(table.column_names) | {"status": "ok"}
        # a run that failed as a whole has its own row first
        whole |= {name: row[name] for name in RUN_COLUMNS}
        if row["metric"] is None:
            whole |= {name: row[name] for name in ("status", "error_type", "error_message")}
        record = RunRecord.from_rows([whole])
        key = tuple(row[name] for name in (*COHORT, *_LINE))
        lines.setdefault(key, []).append(record)
    for runs in lines.values():
        runs.sort(key=lambda run: (run.seed, run.run_id))
    return lines


def line_key(board: Board, line: Line) -> Key:
    """What the runs behind a line share."""
    return (*board.cohort, *(getattr(line, name) for name in _LINE))


def _batched(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=_BATCH):
        yield from batch.to_pylist()
