"""Quality against cost: one metric over training time."""

from __future__ import annotations

from typing import Any

from regene_bench.base.text import printable
from regene_bench.charts.chart import (
    Chart,
    axis_title,
    cells,
    colour_of,
    frame_of,
    name_of,
    on_lines,
    reference_rules,
    references,
    scale_of,
    shape_of,
    statistic_of,
    with_interval,
)
from regene_bench.charts.colours import Colours
from regene_bench.leaderboard.board import Board

_FEWEST = 2


def quality_against_cost(board: Board, index: int, colours: Colours) -> Chart | None:
    """Draw a column over the seconds of training; references are lines across.

    Args:
        board: A ranked board.
        index: The column.
        colours: Of the board.

    Returns:
        The chart, or ``None`` if fewer than two lines were both trained and measured.
    """
    column = board.columns[index]
    points: list[dict[str, Any]] = []
    for line in board.lines:
        statistic, seconds = statistic_of(line, index), line.costs["fit_seconds"]
        if line.is_reference or statistic is None or not seconds or seconds <= 0:
            continue
        names = {"label": name_of(line.label), "method": name_of(line.method)}
        points.append(names | {"seconds": seconds} | with_interval(statistic))
    if len(points) < _FEWEST:
        return None
    real = references(board, index)
    means = [point["value"] for point in points]
    y_scale = scale_of([*means, *(row["value"] for row in real)])
    if y_scale.get("type") != "log":
        y_scale = {"domain": frame_of(points, [row["value"] for row in real])}
    else:
        for point in points:
            # an interval that reaches zero has no lower end on such an axis
            point["low"] = max(point["low"], min(means) / 2)
    x = {
        "field": "seconds",
        "type": "quantitative",
        "title": "training time, seconds",
        "scale": scale_of([point["seconds"] for point in points]),
    }
    y = {"type": "quantitative", "title": on_lines(axis_title(column)), "scale": y_scale}
    colour = colour_of("method", colours.methods, sorted({p["method"] for p in points}))
    tooltip = [
        {"field": "label", "title": "line"},
        {"field": "value", "title": printable(column.label), "format": ".4g"},
        {"field": "seconds", "title": "seconds", "format": ".4g"},
        {"field": "n", "title": "seeds"},
    ]
    spec = {
        "height": 320,
        "data": {"values": points},
        "layer": [
            *reference_rules(real, "y"),
            {
                "mark": {"type": "rule", "strokeWidth": 1.5, "clip": True},
                "encoding": {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 0.95},
                "encoding": {
                    "x": x,
                    "y": y | {"field": "value"},
                    "color": colour,
                    "shape": shape_of(colour),
                    "tooltip": tooltip,
                },
            },
        ],
    }
    return Chart(
        name="cost",
        title=f"{printable(column.label)} against training time",
        description=(
            f"{axis_title(column)} over the mean seconds of training, one point a method and set "
            "of parameters; bars are 95 % intervals over seeds, dashed lines are references."
        ),
        spec=spec,
        header=("line", "seconds", printable(column.label), "low", "high", "seeds"),
        rows=tuple(
            cells(p["label"], p["seconds"], p["value"], p["low"], p["high"], str(p["n"]))
            for p in points
        ),
    )
