"""What a chart is: a specification, a text that says what it shows, and its data as a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regene_bench.base.text import printable
from regene_bench.leaderboard.aggregate import Statistic
from regene_bench.leaderboard.board import Board, BoardColumn, Line
from regene_bench.leaderboard.directions import BETTER
from regene_bench.leaderboard.formatting import number

Spec = dict[str, Any]

# a logarithmic axis where linear ones would press most points into a corner
_WIDE = 20.0
_INHERITED = {
    *("constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable"),
    *("toLocaleString", "toString", "valueOf"),
}
_LONGEST_TITLE = 36
# of a file, and of most charts on a page, in pixels; so are a legend's letters and symbols
_WIDTH = 440
_LETTER = 7
_SYMBOL = 30
_LONGEST_NAME = 44
# long names differ at their ends as often as not
_HALF_NAME = _LONGEST_NAME // 2 - 1
_WITH_BOTH_ENDS = (
    f"length(datum.label) > {_LONGEST_NAME} ? slice(datum.label, 0, {_HALF_NAME}) + '…' "
    f"+ slice(datum.label, -{_HALF_NAME}) : datum.label"
)


@dataclass(frozen=True)
class Table:
    """A table that a chart leads to: what no picture of it shows.

    Attributes:
        name: Follows the chart's in the stem of its file.
        title: Heading.
        description: What stands in it.
        header: Names of its columns.
        rows: Its rows, as text.
    """

    name: str
    title: str
    description: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        name: Stem of its file name, unique on its board.
        title: Heading.
        description: What is drawn, for those who read instead of look.
        spec: Vega-Lite, with its data inside; field names are fixed, so that names from data stay
            values and are never read as expressions.
        header: Columns of the table that holds the same data.
        rows: Its rows, as text.
        tables: What else belongs to it.
        wide: Whether it needs a page's whole width.
    """

    name: str
    title: str
    description: str
    spec: Spec
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    tables: tuple[Table, ...] = ()
    wide: bool = False

    @property
    def described(self) -> Spec:
        """The Vega-Lite specification with the description inside, for those who cannot see it."""
        return {"description": self.description, **self.spec}


def name_of(text: str) -> str:
    """Write a name from data so that a chart can be drawn of it.

    The drawing library looks names up in plain objects, where it finds what every object inherits;
    a blank of no width keeps such names apart.
    """
    name = printable(text)
    return f"{name}\u200b" if name in _INHERITED else name


def statistic_of(line: Line, index: int) -> Statistic | None:
    """The value of a line in a column, if it was measured."""
    cell = line.cells[index]
    return cell if isinstance(cell, Statistic) else None


def with_interval(statistic: Statistic) -> dict[str, Any]:
    """``value``, ``low``, ``high`` and ``n`` of a statistic; one seed has no interval."""
    half = statistic.half_width or 0.0
    return {
        "value": statistic.mean,
        "low": statistic.mean - half,
        "high": statistic.mean + half,
        "n": statistic.n,
    }


def references(board: Board, index: int) -> list[dict[str, Any]]:
    """Values of the lines that others are read against, such as real images."""
    return [
        {"label": name_of(line.label), "value": statistic.mean}
        for line in board.lines
        if line.is_reference and (statistic := statistic_of(line, index)) is not None
    ]


def reference_rules(values: Sequence[dict[str, Any]], axis: str) -> list[Spec]:
    """Dashed lines across a chart at the values of references, named at their ends."""
    if not values:
        return []
    position = {axis: {"field": "value", "type": "quantitative"}}
    text = {"align": "left", "dx": 4, "dy": -6, "baseline": "bottom"}
    name = {"text": {"field": "label"}, "x": {"value": 0}} if axis == "y" else {}
    rules: list[Spec] = [
        {
            "data": {"values": list(values)},
            "mark": {"type": "rule", "strokeDash": [6, 4], "strokeWidth": 1.5, "color": "#c0392b"},
            "encoding": position,
        }
    ]
    if name:
        rules.append(
            {
                "data": {"values": list(values)},
                "mark": {"type": "text", "color": "#c0392b", **text},
                "encoding": position | name,
            }
        )
    return rules


def colour_of(field: str, colours: Mapping[str, str], shown: Iterable[str]) -> Spec:
    """Colour by a name, the same for the same name in all charts of a board.

    Args:
        field: The field that holds the name.
        colours: The colour of each name of the board.
        shown: Those in the chart, in the order of its legend.
    """
    names = list(dict.fromkeys(shown))
    longest = min(_LONGEST_NAME, max(map(len, names), default=0))
    legend = {
        "values": names,
        "columns": max(1, _WIDTH // (_LETTER * longest + _SYMBOL)),
        "labelLimit": 0,
        "labelExpr": _WITH_BOTH_ENDS,
    }
    return {
        "field": field,
        "type": "nominal",
        "title": None,
        "scale": {"domain": list(colours), "range": list(colours.values())},
        "legend": legend,
    }


def shape_of(colour: Spec) -> Spec:
    """Tell apart by its shape, too, what has a colour, with one legend for both."""
    return colour | {"scale": {"domain": colour["scale"]["domain"]}}


def frame_of(points: Sequence[Mapping[str, Any]], others: Sequence[float] = ()) -> list[float]:
    """The ends of a linear axis: for the values, with as much of their intervals as leaves room.

    Few seeds have intervals many times as long as all values are apart; a frame for those would
    press the values into a line. Where no value is negative, neither is the frame.

    Args:
        points: With ``value``, ``low`` and ``high``, as ``with_interval`` makes them.
        others: More values that are in the frame, as of references.
    """
    values = [*(point["value"] for point in points), *others]
    least, most = min(values), max(values)
    room = (most - least) or abs(most) or 1.0
    low = min([least - 0.05 * room, *(point["low"] for point in points)])
    high = max([most + 0.05 * room, *(point["high"] for point in points)])
    frame = [max(low, least - room), min(high, most + room)]
    return [max(0.0, frame[0]), possible(frame[1], most)] if least >= 0 else frame


def possible(end: float, most: float) -> float:
    """The upper end of an axis, but not above 1 where no value is: it may be a share."""
    return min(end, 1.0) if most <= 1 else end


def scale_of(values: Sequence[float]) -> Spec:
    """A scale for positive values: logarithmic where they span more than a factor of twenty."""
    if is_wide(values):
        return {"type": "log", "nice": False}
    return {"zero": False, "nice": True}


def is_wide(values: Sequence[float]) -> bool:
    """True where all values are positive and span more than a factor of twenty."""
    finite = [value for value in values if math.isfinite(value)]
    return bool(finite) and min(finite) > 0 and max(finite) / min(finite) > _WIDE


def axis_title(column: BoardColumn) -> str:
    """Name, unit and better direction of a column."""
    unit = f" [{column.unit}]" if column.unit else ""
    better = "" if column.direction == "none" else f" ({BETTER[column.direction]})"
    return printable(f"{column.label}{unit}{better}")


def on_lines(title: str) -> list[str]:
    """Write an axis' title on two lines where one would be longer than the axis."""
    name, bracket, rest = title.rpartition(" (")
    return [name, bracket.lstrip() + rest] if name and len(title) > _LONGEST_TITLE else [title]


def cells(*values: float | str | None) -> tuple[str, ...]:
    """Write values as the cells of a chart's table."""
    return tuple(
        "" if v is None else printable(v) if isinstance(v, str) else number(float(v))
        for v in values
    )
