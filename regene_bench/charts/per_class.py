"""Scores of each class as bars."""

from __future__ import annotations

from typing import Any

from regene_bench.base.text import printable
from regene_bench.charts.chart import Chart, Spec, cells, colour_of, statistic_of, with_interval
from regene_bench.charts.colours import Colours
from regene_bench.leaderboard.board import Board
from regene_bench.leaderboard.directions import BETTER

# more lines than colours that can be told apart
_MOST_LINES = 8
_ROOM = 1.15


def class_bars(board: Board, colours: Colours) -> Chart | None:
    """Draw one metric's scores per class, a bar a line.

    Args:
        board: One of ``ranking.make_class_boards``: a column a class.
        colours: Of the cohort's board.

    Returns:
        The chart, or ``None`` if nothing was measured. Of more than eight lines the first eight.
    """
    metric = printable(board.title_suffix)
    measured = [
        (line, statistics)
        for line in board.lines
        if (statistics := [statistic_of(line, i) for i in range(len(board.columns))])
        and any(statistics)
    ]
    bars: list[dict[str, Any]] = [
        {"class": printable(column.class_name or ""), "label": printable(line.label)}
        | with_interval(s)
        for line, statistics in measured[:_MOST_LINES]
        for column, s in zip(board.columns, statistics, strict=True)
        if s is not None
    ]
    if not bars:
        return None
    direction, unit = board.columns[0].direction, board.columns[0].unit
    better = "" if direction == "none" else f" ({BETTER[direction]})"
    title = metric + (f" [{printable(unit)}]" if unit else "") + better
    # domains are told, so that layers need not be put in one order
    classes = list(dict.fromkeys(bar["class"] for bar in bars))
    shown = list(dict.fromkeys(bar["label"] for bar in bars))
    position = {
        "x": {"field": "class", "type": "nominal", "title": None, "scale": {"domain": classes}},
        "xOffset": {"field": "label", "scale": {"domain": shown}},
    }
    colour = colour_of(
        "label", {name: colours.lines[name] for name in shown if name in colours.lines}, shown
    )
    tooltip = [
        {"field": "label", "title": "line"},
        {"field": "class", "title": "class"},
        {"field": "value", "title": metric, "format": ".4g"},
        {"field": "n", "title": "seeds"},
    ]
    values = [bar["value"] for bar in bars]
    # few seeds have intervals many times as long as the bars: the frame is for the bars
    frame = [min(0.0, *values), _ROOM * max(0.0, *values)]
    y = {"type": "quantitative", "title": title, "scale": {"domain": frame, "nice": True}}
    has_spread = any(bar["low"] < bar["high"] for bar in bars)
    spec: Spec = {
        "height": 260,
        "data": {"values": bars},
        "layer": [
            {
                "mark": {"type": "bar"},
                "encoding": position
                | {"y": y | {"field": "value"}, "color": colour, "tooltip": tooltip},
            },
            *(
                [
                    {
                        "transform": [{"filter": "datum.high > datum.low"}],
                        "mark": {"type": "rule", "clip": True},
                        "encoding": position | {"y": y | {"field": "low"}, "y2": {"field": "high"}},
                    }
                ]
                if has_spread
                else []
            ),
        ],
    }
    left_out = len(measured) - _MOST_LINES
    more = f" {left_out} more lines are in the tables." if left_out > 0 else ""
    return Chart(
        name=f"class-{metric}",
        title=f"{metric} per class",
        description=f"{title}, a bar a class and line; thin lines are 95 % intervals, cut at the "
        f"frame.{more}",
        spec=spec,
        header=("class", "line", metric, "low", "high", "seeds"),
        rows=tuple(
            cells(b["class"], b["label"], b["value"], b["low"], b["high"], str(b["n"]))
            for b in bars
        ),
    )
