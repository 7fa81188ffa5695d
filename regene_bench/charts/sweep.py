"""Sweep curves: a metric over one numeric parameter in which lines of a method differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from regene_bench.base.hashing import canonical_json
from regene_bench.base.text import printable
from regene_bench.charts.chart import (
    Chart,
    axis_title,
    cells,
    frame_of,
    is_wide,
    reference_rules,
    references,
    statistic_of,
    with_interval,
)
from regene_bench.charts.colours import Colours
from regene_bench.leaderboard.board import Board, Line

_FEWEST = 3


@dataclass(frozen=True)
class Sweep:
    """Lines of one method that differ in one numeric parameter only.

    Attributes:
        method: Name of the method.
        parameter: Name of the parameter.
        lines: Value and line, by rising value.
    """

    method: str
    parameter: str
    lines: tuple[tuple[float, Line], ...]


def find_sweeps(board: Board) -> list[Sweep]:
    """Find all sets of three or more lines that differ in one numeric parameter only."""
    families: dict[tuple[str, ...], dict[float, Line]] = {}
    for line in board.lines:
        params = json.loads(line.params)
        for key, value in params.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            rest = canonical_json({k: v for k, v in params.items() if k != key})
            family = (line.method, line.method_version, line.distribution, key, rest)
            families.setdefault(family, {})[float(value)] = line
    return [
        Sweep(family[0], family[3], tuple(sorted(values.items(), key=lambda item: item[0])))
        for family, values in families.items()
        if len(values) >= _FEWEST
    ]


def sweep_curves(board: Board, colours: Colours) -> list[Chart]:
    """Draw every sweep of a board, one chart for each column that has a direction."""
    return [
        chart
        for number, sweep in enumerate(find_sweeps(board), 1)
        for index, column in enumerate(board.columns)
        if column.direction != "none"
        for chart in _curve(
            board, sweep, index, f"sweep-{number}-{index}", colours.methods[printable(sweep.method)]
        )
    ]


def _curve(board: Board, sweep: Sweep, index: int, name: str, colour: str) -> Iterator[Chart]:
    column = board.columns[index]
    points: list[dict[str, Any]] = [
        {"parameter": value} | with_interval(statistic)
        for value, line in sweep.lines
        if (statistic := statistic_of(line, index)) is not None
    ]
    if len(points) < _FEWEST:
        return
    x = {
        "field": "parameter",
        "type": "quantitative",
        "title": printable(f"{sweep.method}: {sweep.parameter}"),
        "scale": {"type": "log"}
        if is_wide([point["parameter"] for point in points])
        else {"zero": False},
    }
    real = references(board, index)
    frame = frame_of(points, [row["value"] for row in real])
    y = {"type": "quantitative", "title": axis_title(column), "scale": {"domain": frame}}
    tooltip = [
        {"field": "parameter", "title": printable(sweep.parameter), "format": ".4g"},
        {"field": "value", "title": printable(column.label), "format": ".4g"},
        {"field": "n", "title": "seeds"},
    ]
    spec = {
        "height": 260,
        "data": {"values": points},
        "layer": [
            *reference_rules(real, "y"),
            {
                "mark": {"type": "area", "opacity": 0.2, "color": colour, "clip": True},
                "encoding": {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "line", "color": colour, "point": {"size": 36, "color": colour}},
                "encoding": {"x": x, "y": y | {"field": "value"}, "tooltip": tooltip},
            },
        ],
    }
    yield Chart(
        name=name,
        title=printable(f"{column.label} over {sweep.parameter} of {sweep.method}"),
        description=(
            f"{axis_title(column)} over {printable(sweep.parameter)}, all else equal; the band is "
            "the 95 % interval over seeds, dashed lines are references."
        ),
        spec=spec,
        header=(printable(sweep.parameter), printable(column.label), "low", "high", "seeds"),
        rows=tuple(
            cells(p["parameter"], p["value"], p["low"], p["high"], str(p["n"])) for p in points
        ),
    )
