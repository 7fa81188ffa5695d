"""Scores of each class as bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from regene_bench.base.text import printable
from regene_bench.charts.chart import (
    Chart,
    Spec,
    cells,
    colour_of,
    name_of,
    on_lines,
    possible,
    statistic_of,
    with_interval,
)
from regene_bench.charts.colours import Colours
from regene_bench.leaderboard.aggregate import Statistic
from regene_bench.leaderboard.board import Board, Line
from regene_bench.leaderboard.directions import BETTER, sort_key_of
from regene_bench.leaderboard.short_names import labels_among

# more lines than colours that can be told apart
_MOST_LINES = 8
# more bars than one can see
_MOST_CLASSES = 20
# more names than a phone has room for
_MOST_NAMES = 12
_ROOM = 1.15


def class_bars(board: Board, ranked: Board, colours: Colours) -> Chart | None:
    """Draw one metric's scores per class, a bar a line.

    Args:
        board: One of ``ranking.make_class_boards``: a column a class.
        ranked: The cohort's board, whose order says which lines are drawn.
        colours: Of the cohort's board.

    Returns:
        The chart, or ``None`` if nothing was measured. Of more than eight lines the first one of
        each method, then the others; of more than twenty classes the twenty in which these
        lines are worst on average.
    """
    metric = printable(board.title_suffix)
    measured = [
        (line, statistics)
        for line in _first_of_each(board, ranked)
        if (statistics := [statistic_of(line, i) for i in range(len(board.columns))])
        and any(statistics)
    ]
    drawn = measured[:_MOST_LINES]
    labels = [name_of(text) for text in labels_among([line for line, _ in drawn])]
    chosen = _worst(board, [statistics for _, statistics in drawn])
    bars: list[dict[str, Any]] = [
        {"class": name_of(board.columns[i].class_name or ""), "label": label}
        | with_interval(statistic)
        for label, (_, statistics) in zip(labels, drawn, strict=True)
        for i in chosen
        if (statistic := statistics[i]) is not None
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
        "x": {
            "field": "class",
            "type": "nominal",
            "title": None,
            "scale": {"domain": classes},
            "axis": {
                "labelAngle": -40,
                "labelLimit": 90,
                "labelOverlap": len(chosen) > _MOST_NAMES,
            },
        },
        "xOffset": {"field": "label", "scale": {"domain": shown}},
    }
    shades = colours.shades([line for line, _ in drawn])
    colour = colour_of("label", dict(zip(labels, shades, strict=True)), shown)
    tooltip = [
        {"field": "label", "title": "line"},
        {"field": "class", "title": "class"},
        {"field": "value", "title": metric, "format": ".4g"},
        {"field": "n", "title": "seeds"},
    ]
    values = [bar["value"] for bar in bars]
    # few seeds have intervals many times as long as the bars: the frame is for the bars
    frame = [min(0.0, *values), possible(_ROOM * max(0.0, *values), max(values))]
    y = {"type": "quantitative", "title": on_lines(title), "scale": {"domain": frame}}
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
    if len(chosen) < len(board.columns):
        more += f" Of {len(board.columns)} classes these are the {len(chosen)} worst."
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


def _first_of_each(board: Board, ranked: Board) -> list[Line]:
    """Sort the lines of a board per class as the ranked board has them, each method's first first.

    Only the first few are drawn; so all methods are there, if there are not too many.
    """
    identity = attrgetter("method", "method_version", "distribution", "params")
    places = {identity(line): place for place, line in enumerate(ranked.lines)}
    lines = sorted(board.lines, key=lambda line: places.get(identity(line), len(places)))
    methods = [(line.method, line.distribution) for line in lines]
    turns = [methods[:i].count(method) for i, method in enumerate(methods)]
    drawn = sorted(range(len(lines)), key=lambda i: (turns[i] > 0, i))
    return [lines[i] for i in drawn]


def _worst(board: Board, lines: Sequence[Sequence[Statistic | None]]) -> list[int]:
    """Number the classes that are drawn: all of a few, of many the worst, in the board's order."""
    count = len(board.columns)
    key = sort_key_of(board.columns[0].direction, None) if board.columns else None
    if count <= _MOST_CLASSES or key is None:
        return list(range(min(count, _MOST_CLASSES)))

    def badness(number: int) -> float:
        values = [key(one.mean) for line in lines if (one := line[number]) is not None]
        return sum(values) / len(values) if values else -math.inf

    return sorted(sorted(range(count), key=badness, reverse=True)[:_MOST_CLASSES])
