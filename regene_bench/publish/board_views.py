"""What the templates show: texts, sort keys and links, with nothing left to decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from regene_bench.base.text import printable
from regene_bench.charts.chart import Chart
from regene_bench.leaderboard.aggregate import Statistic
from regene_bench.leaderboard.board import Board, Line, Missing
from regene_bench.leaderboard.grid import Grid, make_grid, wrapped
from regene_bench.publish.pictures import Picture

# a page with more lines than this is slow to open
LINES_A_TABLE = 1000


@dataclass(frozen=True)
class CellView:
    """One cell of a sortable table.

    Attributes:
        text: What is read.
        value: What is sorted by; empty where there is nothing.
        best: Marked as the best of its column.
        why: Why there is no value.
    """

    text: str
    value: str = ""
    best: bool = False
    why: str = ""


@dataclass(frozen=True)
class RowView:
    """One line of a board: its label leads to the runs behind it."""

    label: str
    method: str
    href: str
    is_reference: bool
    cells: tuple[CellView, ...]


@dataclass(frozen=True)
class HeadingView:
    """One column's heading; ``detail`` is its second line, ``group`` says what kind it is."""

    text: str
    detail: str
    group: str


@dataclass(frozen=True)
class TableView:
    """A board as a table; the first column after the rank is the label."""

    headings: tuple[HeadingView, ...]
    rows: tuple[RowView, ...]
    notes: tuple[str, ...]
    caption: str


@dataclass(frozen=True)
class SampleView:
    """A sample grid with its line's name."""

    label: str
    href: str
    file: str
    picture: Picture
    seed: int


@dataclass
class BoardView:
    """One board of a page."""

    anchor: str
    subtitle: str
    table: TableView
    charts: list[Chart] = field(default_factory=list)
    samples: list[SampleView] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Number of lines."""
        return len(self.table.rows)


def table_view(board: Board, links: Mapping[str, str]) -> TableView:
    """Write a board as a sortable table.

    Args:
        board: A ranked board.
        links: Address of every line, by its label.
    """
    grid = make_grid(board)
    rows = tuple(
        RowView(
            label=printable(line.label),
            method=printable(line.method),
            href=links[line.label],
            is_reference=line.is_reference,
            cells=_cells(line, grid, number),
        )
        for number, line in enumerate(board.lines)
    )
    return TableView(_headings(grid), rows, grid.notes, grid.title)


def chunks(rows: Sequence[RowView], size: int = LINES_A_TABLE) -> list[Sequence[RowView]]:
    """Cut rows into pages; there is one page at least."""
    return [rows[i : i + size] for i in range(0, max(1, len(rows)), size)]


def _headings(grid: Grid) -> tuple[HeadingView, ...]:
    scores, headings = set(grid.score_columns), []
    for i, name in enumerate(grid.header):
        text, _, detail = wrapped(name).partition("\n")
        group = "about" if i not in scores and i not in grid.cost_columns else "cost"
        headings.append(HeadingView(text, detail, "score" if i in scores else group))
    return tuple(headings)


def _cells(line: Line, grid: Grid, number: int) -> tuple[CellView, ...]:
    texts = grid.rows[number]
    values: list[float | str | None] = [line.rank, printable(line.label), len(line.seeds)]
    reasons = ["", "", ""]
    for cell in line.cells:
        values.append(cell.mean if isinstance(cell, Statistic) else None)
        reasons.append(printable(cell.message) if isinstance(cell, Missing) else "")
    # costs follow in the order of the grid; a device is sorted by its name
    values += [_number_of(text.text) for text in texts[len(values) :]]
    reasons += [""] * (len(values) - len(reasons))
    return tuple(
        CellView(text.text, "" if value is None else str(value), text.best, why)
        for text, value, why in zip(texts, values, reasons, strict=True)
    )


def _number_of(text: str) -> float | str | None:
    try:
        return float(text)
    except ValueError:
        return text or None
