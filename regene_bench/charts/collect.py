"""All charts of a board, or of a whole leaderboard, in the order of a reader's questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from regene_bench.base.text import slug
from regene_bench.charts.agreement import agreement_charts
from regene_bench.charts.chart import Chart
from regene_bench.charts.colours import Colours
from regene_bench.charts.cost import quality_against_cost
from regene_bench.charts.per_class import class_bars
from regene_bench.charts.sweep import sweep_curves
from regene_bench.leaderboard.board import Board
from regene_bench.leaderboard.ranking import make_boards, make_class_boards
from regene_bench.plan.protocol import installed_protocols, rank_metrics
from regene_bench.plugins.host import PluginHost

KINDS = ("cost", "class", "agreement", "sweep")
"""What charts there are; the name of a chart begins with its kind."""


def charts_of(board: Board, class_boards: Sequence[Board]) -> list[Chart]:
    """Collect a board's charts: quality against cost, bars per class, agreement of metrics, sweeps.

    The sweeps of the column that ranks stand before those of the others.

    Args:
        board: A ranked board.
        class_boards: The boards per class of the same cohort.
    """
    found: list[Chart | None] = []
    colours = Colours.of(board)
    if board.ranked_by is not None:
        found.append(quality_against_cost(board, board.ranked_by, colours))
    found += [class_bars(one, board, colours) for one in _of_cohort(board, class_boards)]
    found += agreement_charts(board)
    found += sweep_curves(board, colours)
    return [chart for chart in found if chart is not None]


def charts_of_table(
    table: pa.Table,
    host: PluginHost,
    benchmark: str = "",
    preset: str = "",
    by: str = "",
    kinds: Sequence[str] = KINDS,
) -> Iterator[tuple[str, Chart]]:
    """Yield every chart with the stem of its file, ``mnist-quick-cost``.

    Args:
        table: Rows of a leaderboard.
        host: Knows what protocols rank by.
        benchmark: Only this one, if given.
        preset: Only this one, if given.
        by: What ranks, as of ``make_boards``; what each protocol says if empty.
        kinds: Those of ``KINDS`` that are wanted.

    Raises:
        UsageError: No board has such a column.
    """
    protocols = installed_protocols(host, table["benchmark"].unique().to_pylist())
    class_boards = make_class_boards(table)
    used: set[str] = set()
    for board in make_boards(table, by or rank_metrics(protocols)):
        if benchmark not in ("", board.benchmark) or preset not in ("", board.preset):
            continue
        for chart in charts_of(board, class_boards):
            if chart.name.partition("-")[0] not in kinds:
                continue
            stem = slug(f"{board.benchmark}-{board.preset}-{chart.name}")
            if stem in used:
                # another protocol version or other data of the same benchmark
                stem = slug(f"{stem}-{board.protocol_version}-{board.dataset_fingerprint}")
            used.add(stem)
            yield stem, chart


def _of_cohort(board: Board, class_boards: Sequence[Board]) -> Iterable[Board]:
    return (other for other in class_boards if other.cohort == board.cohort)
