"""All charts of a board, in the order of a reader's questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from regene_bench.charts.chart import Chart
from regene_bench.charts.cost import quality_against_cost
from regene_bench.charts.per_class import class_bars
from regene_bench.charts.sweep import sweep_curves
from regene_bench.leaderboard.board import Board


def charts_of(board: Board, class_boards: Sequence[Board]) -> list[Chart]:
    """Collect a board's charts: quality against cost, sweeps, bars per class.

    Args:
        board: A ranked board.
        class_boards: The boards per class of the same cohort.
    """
    found: list[Chart | None] = []
    if board.ranked_by is not None:
        found.append(quality_against_cost(board, board.ranked_by))
    found += sweep_curves(board)
    found += [class_bars(one) for one in _of_cohort(board, class_boards)]
    return [chart for chart in found if chart is not None]


def _of_cohort(board: Board, class_boards: Sequence[Board]) -> Iterable[Board]:
    return (other for other in class_boards if other.cohort == board.cohort)
