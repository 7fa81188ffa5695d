"""Boards of some columns only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from regene_bench.base.errors import UsageError, did_you_mean
from regene_bench.leaderboard.board import Board


def with_columns(boards: Sequence[Board], names: Sequence[str]) -> list[Board]:
    """Leave out of boards all columns but some, in the order in which these are named.

    Ranks stay what they are, also where the column that ranks is left out.

    Args:
        boards: The boards.
        names: Labels of columns, or metrics, which stand for all columns of theirs.

    Raises:
        UsageError: No board has such a column.
    """
    known = {name for board in boards for c in board.columns for name in (c.label, c.metric)}
    for name in names:
        if name not in known:
            raise UsageError(f"There is no column {name!r}.", hint=did_you_mean(name, known))
    return [_with_columns(board, names) for board in boards]


def _with_columns(board: Board, names: Sequence[str]) -> Board:
    kept = dict.fromkeys(
        i
        for name in names
        for i, column in enumerate(board.columns)
        if name in (column.label, column.metric)
    )
    return of_columns(board, list(kept))


def of_columns(board: Board, kept: Sequence[int]) -> Board:
    """Leave out of a board all columns but those of some numbers, in their order."""
    return replace(
        board,
        columns=tuple(board.columns[i] for i in kept),
        lines=tuple(
            replace(line, cells=tuple(line.cells[i] for i in kept)) for line in board.lines
        ),
        best=tuple(board.best[i] for i in kept),
        ranked_by=kept.index(board.ranked_by) if board.ranked_by in kept else None,
    )
