"""Charts of a leaderboard with names for their files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from regene_bench.charts.chart import Chart
from regene_bench.charts.collect import charts_of
from regene_bench.leaderboard.defaults import installed_protocols, rank_metrics
from regene_bench.leaderboard.ranking import make_boards, make_class_boards
from regene_bench.publish.names import slug

if TYPE_CHECKING:
    from regene_bench.plugins.host import PluginHost


def charts_of_table(
    table: pa.Table, host: PluginHost, benchmark: str = "", preset: str = ""
) -> Iterator[tuple[str, Chart]]:
    """Yield every chart with the stem of its file, ``mnist-quick-cost``.

    Args:
        table: Rows of a leaderboard.
        host: Knows what protocols rank by.
        benchmark: Only this one, if given.
        preset: Only this one, if given.
    """
    protocols = installed_protocols(host, table["benchmark"].unique().to_pylist())
    class_boards = make_class_boards(table)
    used: set[str] = set()
    for board in make_boards(table, rank_metrics(protocols)):
        if benchmark not in ("", board.benchmark) or preset not in ("", board.preset):
            continue
        for chart in charts_of(board, class_boards):
            stem = slug(f"{board.benchmark}-{board.preset}-{chart.name}")
            if stem in used:
                # another protocol version or other data of the same benchmark
                stem = slug(f"{stem}-{board.protocol_version}-{board.dataset_fingerprint}")
            used.add(stem)
            yield stem, chart
