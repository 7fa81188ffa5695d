"""Scores of each class as bars."""

from __future__ import annotations

from typing import Any

from regene_bench.charts.chart import Chart, cells, statistic_of, with_interval
from regene_bench.leaderboard.board import Board
from regene_bench.leaderboard.grid import clean
from regene_bench.leaderboard.order import BETTER

# more lines than colours that can be told apart
_MOST_LINES = 8


def class_bars(board: Board) -> Chart | None:
    """Draw one metric's scores per class, a bar a line.

    Args:
        board: One of ``ranking.make_class_boards``: a column a class.

    Returns:
        The chart, or ``None`` if nothing was measured. Of more than eight lines the first eight.
    """
    metric = clean(board.title_suffix)
    measured = [
        (line, statistics)
        for line in board.lines
        if (statistics := [statistic_of(line, i) for i in range(len(board.columns))])
        and any(statistics)
    ]
    bars: list[dict[str, Any]] = [
        {"class": clean(column.class_name or ""), "label": clean(line.label)} | with_interval(s)
        for line, statistics in measured[:_MOST_LINES]
        for column, s in zip(board.columns, statistics, strict=True)
        if s is not None
    ]
    if not bars:
        return None
    direction, unit = board.columns[0].direction, board.columns[0].unit
    better = "" if direction == "none" else f" ({BETTER[direction]})"
    title = metric + (f" [{clean(unit)}]" if unit else "") + better
    classes = list(dict.fromkeys(bar["class"] for bar in bars))
    position = {
        "x": {"field": "class", "type": "nominal", "title": None, "sort": classes},
        "xOffset": {"field": "label"},
    }
    colour = {"field": "label", "type": "nominal", "title": None}
    tooltip = [
        {"field": "label", "title": "line"},
        {"field": "class", "title": "class"},
        {"field": "value", "title": metric, "format": ".4g"},
        {"field": "n", "title": "seeds"},
    ]
    y = {"type": "quantitative", "title": title}
    spec = {
        "height": 260,
        "data": {"values": bars},
        "layer": [
            {
                "mark": {"type": "bar"},
                "encoding": position
                | {"y": y | {"field": "value"}, "color": colour, "tooltip": tooltip},
            },
            {
                "transform": [{"filter": "datum.high > datum.low"}],
                "mark": {"type": "rule"},
                "encoding": position | {"y": y | {"field": "low"}, "y2": {"field": "high"}},
            },
        ],
    }
    left_out = len(measured) - _MOST_LINES
    more = f" {left_out} more lines are in the tables." if left_out > 0 else ""
    return Chart(
        name=f"class-{metric}",
        title=f"{metric} per class",
        description=f"{title}, a bar a class and line; thin lines are 95 % intervals.{more}",
        spec=spec,
        header=("class", "line", metric, "low", "high", "seeds"),
        rows=tuple(
            cells(b["class"], b["label"], b["value"], b["low"], b["high"], str(b["n"]))
            for b in bars
        ),
    )
