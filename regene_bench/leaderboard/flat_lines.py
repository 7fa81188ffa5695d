"""Lines of boards as rows of one table, a column a metric: for machines, and for data sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from regene_bench.leaderboard.aggregate import COHORT, Statistic
from regene_bench.leaderboard.board import Board, Line, Missing

_FIRST = ("benchmark", "preset", "rank", "label", "seeds")


def flat(board: Board, line: Line, *, costs: bool = True) -> dict[str, Any]:
    """A line as one row: a score's column has numbers or nothing, what else is known beside it."""
    row: dict[str, Any] = {name: getattr(board, name) for name in COHORT}
    row |= {"metric": board.title_suffix} if board.title_suffix else {}
    row |= {
        "rank": line.rank,
        "rank first": line.ranks[0] if line.ranks else None,
        "rank last": line.ranks[1] if line.ranks else None,
        "method": line.method,
        "label": line.label,
        "is_reference": line.is_reference,
        "method_version": line.method_version,
        "distribution": line.distribution,
        "params": line.params,
        "seeds": len(line.seeds),
    }
    told_of_lines = set(row)
    for column, cell in zip(board.columns, line.cells, strict=True):
        # a plugin's metric may be called as what is told of lines
        name = f"{column.label} (score)" if column.label in told_of_lines else column.label
        if isinstance(cell, Statistic):
            row[name] = cell.mean
            row[f"{name} std"] = cell.std
            row[f"{name} ci95"] = cell.half_width
            row[f"{name} n"] = cell.n
        else:
            # a column of numbers has numbers or nothing; why there is none stands beside it
            row[name] = None
            if isinstance(cell, Missing):
                row[f"{name} status"] = cell.status
    return row | (dict(line.costs) if costs else {})


def table_of_lines(boards: Sequence[Board]) -> pa.Table:
    """All lines of boards as one table: first what a reader looks for, then all else.

    Columns without any value are left out.
    """
    rows = [flat(board, line) for board in boards for line in board.lines]
    metrics = [column.label for board in boards for column in board.columns]
    every = [key for row in rows for key in row]
    names = [
        name
        for name in dict.fromkeys([*_FIRST, *metrics, *every])
        if any(row.get(name) is not None for row in rows)
    ]
    return pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})
