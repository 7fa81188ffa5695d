"""Sweep curves: a metric over one numeric parameter in which lines of a method differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
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
    name_of,
    on_lines,
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
        others: The other parameters in which it differs from the method's other sweeps over the
            same one, ``lr=0.1``; empty if there are none.
        lines: Value and line, by rising value.
    """

    method: str
    parameter: str
    others: str
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
    long = {family: values for family, values in families.items() if len(values) >= _FEWEST}
    return [
        Sweep(
            method=family[0],
            parameter=family[3],
            others=others,
            lines=tuple(sorted(values.items(), key=lambda item: item[0])),
        )
        for (family, values), others in zip(long.items(), _others(list(long)), strict=True)
    ]


def _others(families: Sequence[tuple[str, ...]]) -> list[str]:
    """Say in which other parameters each sweep differs from those of its method and parameter."""
    siblings: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for *own, rest in families:
        siblings.setdefault(tuple(own), []).append(json.loads(rest))
    differing = {
        own: [
            key
            for key in sorted(set().union(*rests))
            if len({canonical_json(r.get(key)) for r in rests}) > 1
        ]
        for own, rests in siblings.items()
    }
    return [
        ", ".join(
            f"{key}={canonical_json(json.loads(rest).get(key))}" for key in differing[tuple(own)]
        )
        for *own, rest in families
    ]


def sweep_curves(board: Board, colours: Colours) -> list[Chart]:
    """Draw every sweep of a board, one chart for each column that has a direction.

    All sweeps in the column that ranks come first.
    """
    columns = [i for i, column in enumerate(board.columns) if column.direction != "none"]
    first = [i for i in columns if i == board.ranked_by]
    sweeps = list(enumerate(find_sweeps(board), 1))
    pairs = [(index, sweep) for index in first for sweep in sweeps]
    pairs += [(index, sweep) for sweep in sweeps for index in columns if index not in first]
    return [
        chart
        for index, (number, sweep) in pairs
        for chart in _curve(
            board, sweep, index, f"sweep-{number}-{index}", colours.methods[name_of(sweep.method)]
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
        "scale": {"type": "log", "nice": False}
        if is_wide([point["parameter"] for point in points])
        else {"zero": False, "nice": False},
        "axis": {
            "values": [point["parameter"] for point in points],
            "format": "~g",
            "labelOverlap": "greedy",
            "labelSeparation": 4,
        },
    }
    real = references(board, index)
    frame = frame_of(points, [row["value"] for row in real])
    y = {"type": "quantitative", "title": on_lines(axis_title(column)), "scale": {"domain": frame}}
    tooltip = [
        {"field": "parameter", "title": printable(sweep.parameter), "format": ".4g"},
        {"field": "value", "title": printable(column.label), "format": ".4g"},
        {"field": "n", "title": "seeds"},
    ]
    others = f" ({printable(sweep.others)})" if sweep.others else ""
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
        title=printable(f"{column.label} over {sweep.parameter} of {sweep.method}") + others,
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
