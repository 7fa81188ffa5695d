"""Do metrics agree? Kendall's tau between the rankings of a board, and with the one that ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from regene_bench.base.text import printable
from regene_bench.charts.chart import Chart, Spec, Table, cells, name_of, statistic_of
from regene_bench.leaderboard.board import Board
from regene_bench.leaderboard.formatting import interval
from regene_bench.leaderboard.rank_agreement import (
    FEWEST,
    MOST_WITH_INTERVAL,
    Agreement,
    DirectedMetric,
    RankedLine,
    disagreements,
    rank_agreement,
)

# more names than an axis has room for
_MOST_METRICS = 20
# of each metric, in the table: those whose ranks are farthest apart
_MOST_PAIRS = 10
_CELL = 26
# from the reverse order over none to the same: blue and orange are told apart by everybody
_COLOURS = ["#d55e00", "#f7f7f7", "#0072b2"]
_DARK = 0.75
# is read on dark screens and light ones
_QUIET = "#7f7f7f"
_METHOD = (
    "Kendall's tau-b is the share of pairs of lines that two metrics order alike less the share "
    "that they order differently; each metric is read in its own direction. Intervals are of 95 %, "
    "by bootstrap over lines, and over seeds within a line."
)


@dataclass(frozen=True)
class _Rankings:
    """What the metrics of a board say of its lines.

    Attributes:
        columns: Numbers of the board's columns, the one that ranks first.
        metrics, lines: As of ``rank_agreement``.
        labels: Names of the metrics.
        left_out: How many more columns could take part.
    """

    columns: tuple[int, ...]
    metrics: tuple[DirectedMetric, ...]
    lines: tuple[RankedLine, ...]
    labels: tuple[str, ...]
    left_out: int


def agreement_charts(board: Board) -> list[Chart]:
    """Draw how far a board's metrics agree: all with each other, and with the one that ranks.

    Args:
        board: A ranked board.

    Returns:
        Both charts, or none where fewer than two metrics rank four lines.
    """
    rankings = _rankings_of(board)
    if rankings is None:
        return []
    found = rank_agreement(rankings.lines, rankings.metrics)
    if all(one.tau is None for one in found):
        return []
    return [_matrix(rankings, found), _against_the_first(board, rankings, found)]


def _rankings_of(board: Board) -> _Rankings | None:
    """Take the columns that have a better direction and values to order, and the lines ranked."""
    if board.ranked_by is None:
        return None
    own = [
        (i, metric)
        for i in sorted(range(len(board.columns)), key=lambda i: i != board.ranked_by)
        if (metric := _directed(board, i)) is not None and _count(board, i) >= FEWEST
    ]
    shown = own[:_MOST_METRICS]
    if len(shown) < 2 or shown[0][0] != board.ranked_by:
        return None
    columns = tuple(i for i, _ in shown)
    return _Rankings(
        columns=columns,
        metrics=tuple(metric for _, metric in shown),
        lines=tuple(
            RankedLine(line.label, tuple(statistic_of(line, i) for i in columns))
            for line in board.lines
            if not line.is_reference
        ),
        labels=tuple(name_of(board.columns[i].label) for i in columns),
        left_out=len(own) - len(shown),
    )


def _count(board: Board, index: int) -> int:
    """How many lines have a value in a column, references not counted."""
    return sum(not x.is_reference and statistic_of(x, index) is not None for x in board.lines)


def _directed(board: Board, index: int) -> DirectedMetric | None:
    column = board.columns[index]
    real = (statistic_of(line, index) for line in board.lines if line.is_reference)
    reference = next((one.mean for one in real if one is not None), None)
    if column.direction == "none" or (column.direction == "reference" and reference is None):
        return None
    return DirectedMetric(printable(column.label), column.direction, reference)


def _matrix(rankings: _Rankings, found: Sequence[Agreement]) -> Chart:
    labels = rankings.labels
    squares: list[dict[str, Any]] = [
        {"first": labels[i], "second": labels[j]} | _values(one)
        for one in found
        for i, j in ((one.first, one.second), (one.second, one.first))
    ]
    axis = {"labelLimit": 220, "labelOverlap": False, "domain": False, "ticks": False}
    names = {"type": "nominal", "title": None, "scale": {"domain": list(labels)}}
    position = {
        "x": {"field": "first", "axis": axis | {"labelAngle": -40}, **names},
        "y": {"field": "second", "axis": axis, **names},
    }
    tooltip = [
        {"field": "first", "title": "metric"},
        {"field": "second", "title": "and"},
        {"field": "tau", "title": "tau-b", "format": ".2f"},
        {"field": "interval", "title": "95 % interval"},
        {"field": "n", "title": "lines"},
        {"field": "reason", "title": "why there is none"},
    ]
    scale = {"domain": [-1, 0, 1], "range": _COLOURS}
    # every square has its number, which a legend would only repeat
    colour = {"field": "tau", "type": "quantitative", "scale": scale, "legend": None}
    is_dark = f"abs(datum.tau) > {_DARK}"
    spec: Spec = {
        "height": _CELL * len(labels),
        "data": {"values": squares},
        "layer": [
            {
                "transform": [{"filter": "isValid(datum.tau)"}],
                "mark": {"type": "rect", "stroke": "white"},
                "encoding": position | {"color": colour, "tooltip": tooltip},
            },
            {
                "mark": {"type": "text", "fontSize": 10},
                "encoding": position
                | {
                    "text": {"field": "text", "type": "nominal"},
                    "color": {
                        "condition": [
                            {"test": "!isValid(datum.tau)", "value": _QUIET},
                            {"test": is_dark, "value": "white"},
                        ],
                        "value": "black",
                    },
                    "tooltip": tooltip,
                },
            },
        ],
    }
    more = f" {rankings.left_out} more metrics are left out." if rankings.left_out else ""
    return Chart(
        name="agreement",
        title="Do metrics agree?",
        description=f"{_METHOD} A dash is no tau; the data say why.{more}",
        spec=spec,
        header=("metric", "and", "tau-b", "low", "high", "lines", "why there is none"),
        rows=tuple(
            cells(
                labels[one.first],
                labels[one.second],
                one.tau,
                one.low,
                one.high,
                str(one.n),
                one.reason,
            )
            for one in found
        ),
        wide=True,
    )


def _values(one: Agreement) -> dict[str, Any]:
    span = "" if one.low is None or one.high is None else f"{one.low:.2f} to {one.high:.2f}"
    text = "–" if one.tau is None else f"{one.tau:.2f}".replace("-", "−").replace("0.", ".")
    return {
        "tau": one.tau,
        "low": one.low,
        "high": one.high,
        "interval": span,
        "text": text,
        "n": one.n,
        "reason": one.reason,
    }


def _against_the_first(board: Board, rankings: _Rankings, found: Sequence[Agreement]) -> Chart:
    main = rankings.labels[0]
    own = [one for one in found if one.first == 0]
    own.sort(key=lambda one: -2.0 if one.tau is None else one.tau, reverse=True)
    points = [{"metric": rankings.labels[one.second]} | _values(one) for one in own]
    drawn = [point for point in points if point["tau"] is not None]
    y = {
        "field": "metric",
        "type": "nominal",
        "title": None,
        "axis": {"labelLimit": 240},
        "scale": {"domain": [point["metric"] for point in drawn]},
    }
    x = {
        "type": "quantitative",
        "title": f"Kendall's tau with {main}",
        "scale": {"domain": [-1, 1]},
    }
    tooltip = [
        {"field": "metric", "title": "metric"},
        {"field": "tau", "title": "tau-b", "format": ".2f"},
        {"field": "interval", "title": "95 % interval"},
        {"field": "n", "title": "lines"},
    ]
    spec: Spec = {
        "height": _CELL * max(len(drawn), 2),
        "data": {"values": drawn},
        "layer": [
            {
                "data": {"values": [{"none": 0}]},
                "mark": {"type": "rule", "strokeDash": [6, 4], "color": _QUIET},
                "encoding": {"x": {"field": "none", "type": "quantitative"}},
            },
            {
                "transform": [{"filter": "isValid(datum.low)"}],
                "mark": {"type": "rule", "strokeWidth": 1.5},
                "encoding": {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 80, "color": _COLOURS[2]},
                "encoding": {"y": y, "x": x | {"field": "tau"}, "tooltip": tooltip},
            },
        ],
    }
    few = len(rankings.lines) > MOST_WITH_INTERVAL
    pairs, more = _pairs(board, rankings)
    return Chart(
        name="agreement-with-rank",
        title=f"How far other metrics rank as {main} does",
        description=f"{_METHOD} At 0 two metrics agree no more than by chance."
        + (f" Of more than {MOST_WITH_INTERVAL} lines no interval is drawn." if few else ""),
        spec=spec,
        header=("metric", "tau-b", "low", "high", "lines", "why there is none"),
        rows=tuple(
            cells(p["metric"], p["tau"], p["low"], p["high"], str(p["n"]), p["reason"])
            for p in points
        ),
        tables=(
            Table(
                name="pairs",
                title=f"Pairs of lines on which {main} and another metric disagree",
                description="Both numbers of both lines, means over seeds with their 95 % "
                f"interval. Those farthest apart in rank come first.{more}",
                header=(
                    "metric",
                    f"better by {main}",
                    "better by the metric",
                    f"{main}: the first",
                    f"{main}: the second",
                    "metric: the first",
                    "metric: the second",
                ),
                rows=pairs,
            ),
        ),
        wide=True,
    )


def _pairs(board: Board, rankings: _Rankings) -> tuple[tuple[tuple[str, ...], ...], str]:
    """The first pairs of each metric as rows, and how many there are besides."""
    rows: list[tuple[str, ...]] = []
    total = 0
    for found in disagreements(rankings.lines, rankings.metrics, 0, _MOST_PAIRS):
        total += found.total
        for pair in found.pairs:
            first, second = rankings.lines[pair.by_main], rankings.lines[pair.by_other]
            values = [line.cells[i] for i in (0, found.metric) for line in (first, second)]
            texts = ["" if value is None else interval(value) for value in values]
            metric = rankings.labels[found.metric]
            rows.append(cells(metric, name_of(first.label), name_of(second.label), *texts))
    left_out = total - len(rows)
    return tuple(rows), f" {left_out} more pairs are left out." if left_out else ""
