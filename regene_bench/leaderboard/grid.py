"""A board as cells of text: the one form that all text formats are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from regene_bench.base.text import printable
from regene_bench.leaderboard.aggregate import Statistic
from regene_bench.leaderboard.board import Board, BoardColumn, Line, Missing
from regene_bench.leaderboard.directions import BETTER
from regene_bench.leaderboard.formatting import interval, number

_ARROWS = {"higher": " ↑", "lower": " ↓", "reference": " → real", "none": ""}
_FIXED = 3
_MEGABYTE = 1e6
_WIDEST_LABEL = 40


@dataclass(frozen=True)
class Cell:
    """One cell; ``best`` cells are marked."""

    text: str
    best: bool = False


@dataclass(frozen=True)
class Grid:
    """One table of text.

    Attributes:
        title: What is shown, in one line.
        header: Names of the columns; the first three are rank, method and seeds.
        n_scores: How many of the columns after those hold scores; the rest holds costs.
        rows: One list of cells a line.
        notes: Footnotes and failed runs, one a line.
    """

    title: str
    header: tuple[str, ...]
    n_scores: int
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...]

    def take(self, columns: Sequence[int]) -> Grid:
        """Return a grid of the first three columns and some others, without the notes."""
        kept = [*range(_FIXED), *columns]
        return Grid(
            self.title,
            tuple(self.header[i] for i in kept),
            sum(i < _FIXED + self.n_scores for i in columns),
            tuple(tuple(row[i] for i in kept) for row in self.rows),
            (),
        )

    @property
    def score_columns(self) -> list[int]:
        return list(range(_FIXED, _FIXED + self.n_scores))

    @property
    def cost_columns(self) -> list[int]:
        return list(range(_FIXED + self.n_scores, len(self.header)))

    def width(self, column: int) -> int:
        """Characters that a column takes; long labels wrap."""
        cells = (len(row[column].text) + row[column].best for row in self.rows)
        words = (len(line) for line in wrapped(self.header[column]).splitlines())
        widest = max(*words, *cells, 0)
        return min(widest, _WIDEST_LABEL) if column == 1 else widest


def wrapped(heading: str) -> str:
    """Put what a heading has in brackets, such as its extractor, on a line of its own."""
    return heading.replace(" (", "\n(", 1)


def make_grid(board: Board, *, costs: bool = True, errors: bool = True) -> Grid:
    """Write a board as text: means with their confidence intervals, footnotes numbered.

    Args:
        board: What to write.
        costs: Write what each line cost, too.
        errors: Write why something failed or is unavailable; without, only that it is.
    """
    footnotes: dict[str, int] = {}
    shown = _COSTS if costs and not board.title_suffix else ()
    one_device = len({device for line in board.lines for device in line.devices}) == 1
    header = ["rank", "method", "seeds", *(_heading(column) for column in board.columns)]
    header += [name for name, _, _ in shown]
    if shown and not one_device:
        header.append("device")
    rows = []
    for line in board.lines:
        cells = [
            Cell(rank_of(line)),
            Cell(printable(line.label)),
            Cell(str(len(line.seeds))),
        ]
        for column, cell, best in zip(board.columns, line.cells, board.best, strict=True):
            cells.append(
                Cell(_score(column, line, cell, footnotes if errors else None), line.label in best)
            )
        cells += [Cell(_cost(line, key, scale)) for _, key, scale in shown]
        if shown and not one_device:
            cells.append(Cell(printable(", ".join(line.devices))))
        rows.append(tuple(cells))
    notes = [f"[{number}] {text}" for text, number in footnotes.items()]
    notes += [printable(note) for note in board.notes]
    if any(line.ranks and line.ranks[0] < line.ranks[1] for line in board.lines):
        notes.append("Ranks such as 2 (1–3): 95 % interval by bootstrap over seeds.")
    notes += [
        printable(
            f"failed: {run.label} (seed {run.seed}, run {run.run_id})"
            + (f": {run.error}" if errors else "")
            + (f" (traceback: {run.traceback_path})" if errors and run.traceback_path else "")
        )
        for run in board.failed
    ]
    return Grid(_title(board), tuple(header), len(board.columns), tuple(rows), tuple(notes))


# heading, cost, what its value is divided by
_COSTS = (
    ("fit s", "fit_seconds", 1.0),
    ("fit img/s", "fit_images_per_second", 1.0),
    ("gen s", "generate_seconds", 1.0),
    ("gen img/s", "generate_images_per_second", 1.0),
    ("peak MB", "peak_memory_bytes", _MEGABYTE),
)


def _heading(column: BoardColumn) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    return printable(f"{column.label}{unit}") + _ARROWS.get(column.direction, "")


def rank_of(line: Line) -> str:
    """Write the rank of a line, ``2 (1–3)`` where its interval is wider; a dash without a rank."""
    if line.rank is None:
        return "–"
    first, last = line.ranks or (line.rank, line.rank)
    return str(line.rank) if first == last else f"{line.rank} ({first}–{last})"


def _score(
    column: BoardColumn,
    line: Line,
    cell: Statistic | Missing | None,
    footnotes: dict[str, int] | None,
) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Statistic):
        few = f" (n={cell.n})" if cell.n != len(line.seeds) else ""
        # the same real images whatever the seed: what differs there is rounding
        return (number(cell.mean) if line.is_reference else interval(cell)) + few
    if cell.status == "skipped":
        return "–"
    if footnotes is None:
        return cell.status
    text = printable(f"{column.metric} {cell.status}: {cell.message or 'no reason was given'}")
    mark = footnotes.setdefault(text, len(footnotes) + 1)
    return f"{cell.status} [{mark}]"


def _cost(line: Line, key: str, scale: float) -> str:
    value = line.costs[key]
    if value is None:
        return ""
    scaled = value / scale
    return f"{scaled:.0f}" if scaled >= 100 else f"{scaled:.2f}"


def _title(board: Board) -> str:
    parts = [
        f"{board.benchmark} v{board.protocol_version}",
        board.preset,
        f"data {board.dataset_fingerprint[:8]}",
    ]
    if board.title_suffix:
        parts.append(f"{board.title_suffix} per class")
    if board.ranked_by is not None:
        column = board.columns[board.ranked_by]
        parts.append(f"ranked by {column.label}, {BETTER[column.direction]}")
    if any(len(line.seeds) > 1 for line in board.lines):
        parts.append("mean ± 95 % CI over seeds")
    return printable(" · ".join(parts))
