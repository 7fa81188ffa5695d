"""What the templates show: texts, sort keys and links, with nothing left to decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from regene_bench.base.text import printable, slug
from regene_bench.charts.chart import Chart
from regene_bench.leaderboard.aggregate import Statistic
from regene_bench.leaderboard.board import Board, Line, Missing
from regene_bench.leaderboard.columns import of_columns
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
class SampleView:
    """A sample grid with its line's name."""

    label: str
    href: str
    file: str
    picture: Picture
    seed: int

    @property
    def strip(self) -> str:
        """File of a strip of a few of the samples."""
        return f"{self.file.removesuffix('.png')}.webp"


@dataclass(frozen=True)
class RowView:
    """One line of a board: its label leads to the runs behind it.

    Attributes:
        label: What tells it from the others.
        method: Its method's name.
        href: Where its details stand.
        is_reference: Whether others are read against it.
        cells: In the order of the headings.
        sample: Its samples, if there are any.
    """

    label: str
    method: str
    href: str
    is_reference: bool
    cells: tuple[CellView, ...]
    sample: SampleView | None = None


@dataclass(frozen=True)
class HeadingView:
    """One column's heading.

    Attributes:
        text: Its first line.
        detail: Its second line.
        group: ``about``, ``score`` or ``cost``.
        key: Names it in the page's address.
        first: Which way a first click sorts: ``ascending`` or ``descending``, or the value that
            the best are nearest to.
    """

    text: str
    detail: str
    group: str
    key: str
    first: str


@dataclass(frozen=True)
class TableView:
    """A board as a table; the first column after the rank is the label."""

    headings: tuple[HeadingView, ...]
    rows: tuple[RowView, ...]
    notes: tuple[str, ...]
    caption: str


@dataclass
class BoardView:
    """One board of a page."""

    anchor: str
    subtitle: str
    table: TableView
    charts: list[Chart] = field(default_factory=list)
    charts_left_out: int = 0
    samples: list[SampleView] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Number of lines."""
        return len(self.table.rows)


def table_view(
    board: Board, links: Mapping[str, str], samples: Mapping[str, SampleView]
) -> TableView:
    """Write a board as a sortable table: rank, method, the ranking score, the others, seeds, costs.

    A column in which nobody has a value becomes a note.

    Args:
        board: A ranked board.
        links: Address of every line, by its label.
        samples: Samples of the lines that have some, by label.
    """
    filled = [i for i in range(len(board.columns)) if _has_values(board, i)]
    empty = [i for i in range(len(board.columns)) if i not in filled]
    shown = of_columns(board, filled)
    grid = make_grid(shown)
    order = _order(grid, shown.ranked_by)
    unknown = [i for i in grid.cost_columns if not any(row[i].text for row in grid.rows)]
    order = [i for i in order if i not in unknown]
    headings = _headings(shown, grid)
    rows = []
    for number, line in enumerate(shown.lines):
        cells = _cells(line, grid, number)
        rows.append(
            RowView(
                label=printable(line.label),
                method=printable(line.method),
                href=links[line.label],
                is_reference=line.is_reference,
                cells=tuple(cells[i] for i in order),
                sample=samples.get(line.label),
            )
        )
    notes = [*grid.notes, *(_nobody(board, column) for column in empty)]
    # of no lines nothing is missing
    if unknown and board.lines:
        notes.append(f"No line has {', '.join(grid.header[i] for i in unknown)}")
    return TableView(tuple(headings[i] for i in order), tuple(rows), tuple(notes), grid.title)


def chunks(rows: Sequence[RowView], size: int = LINES_A_TABLE) -> list[Sequence[RowView]]:
    """Cut rows into pages; there is one page at least."""
    return [rows[i : i + size] for i in range(0, max(1, len(rows)), size)]


def _order(grid: Grid, ranked_by: int | None) -> list[int]:
    rank, method, seeds = range(3)
    scores = grid.score_columns
    if ranked_by is not None:
        scores.insert(0, scores.pop(ranked_by))
    return [rank, method, *scores, seeds, *grid.cost_columns]


def _has_values(board: Board, column: int) -> bool:
    return any(isinstance(line.cells[column], Statistic) for line in board.lines)


def _nobody(board: Board, column: int) -> str:
    cells = [line.cells[column] for line in board.lines]
    reasons = {
        f"{cell.status}: {cell.message}" if cell.message else cell.status
        for cell in cells
        if isinstance(cell, Missing)
    }
    why = "; ".join(sorted(reasons)[:2])
    name = board.columns[column].label
    return printable(f"{name} has no value in any line" + (f" ({why})" if why else ""))


def _headings(board: Board, grid: Grid) -> list[HeadingView]:
    scores, headings = grid.score_columns, []
    for i, name in enumerate(grid.header):
        text, _, detail = wrapped(name).partition("\n")
        group = "about" if i not in scores and i not in grid.cost_columns else "cost"
        first = "ascending"
        if i in scores:
            group, first = "score", _first_way(board, i - scores[0])
        elif name.endswith("img/s"):
            first = "descending"
        headings.append(HeadingView(text, detail, group, slug(name), first))
    return headings


def _first_way(board: Board, column: int) -> str:
    direction = board.columns[column].direction
    if direction == "reference":
        real = [
            cell.mean
            for line in board.lines
            if line.is_reference and isinstance(cell := line.cells[column], Statistic)
        ]
        return str(real[0]) if real else "descending"
    return "descending" if direction == "higher" else "ascending"


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
