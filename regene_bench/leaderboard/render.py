"""Boards as terminal tables, Markdown, LaTeX, CSV and JSON; all that comes from data is escaped."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from regene_bench.base.text import json_text, safe_cell, slug
from regene_bench.leaderboard.aggregate import CONFIDENCE
from regene_bench.leaderboard.board import Board
from regene_bench.leaderboard.flat_lines import flat
from regene_bench.leaderboard.grid import Cell, Grid, make_grid, wrapped

if TYPE_CHECKING:
    from rich.console import Console

TEXT_FORMATS: tuple[str, ...] = ("md", "csv", "json", "latex")
# blanks between two columns of a terminal table
_GAP = 3
# characters of footnote size that a page of one column is wide: 345 pt, of which each takes 4.8
_LATEX_WIDTH = 70
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "→": r"$\rightarrow$",
    "×": r"$\times$",
    "∞": r"$\infty$",
    "–": "--",
    "·": r"$\cdot$",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def render(
    boards: Sequence[Board], form: str, *, safe_cells: bool = False, costs: bool = True
) -> str:
    """Write boards as text in one of ``TEXT_FORMATS``, with a line break at the end.

    Args:
        boards: What to write.
        form: The format.
        costs: Write what each line cost, too; JSON has it in any case.
        safe_cells: Of CSV, have no cell that a spreadsheet takes for a formula.
    """
    writers: dict[str, Callable[[Sequence[Board]], str]] = {
        "md": partial(_markdown, costs),
        "csv": partial(_csv, safe_cells, costs),
        "json": _json,
        "latex": partial(_latex, costs),
    }
    return writers[form](boards)


def print_tables(boards: Sequence[Board], console: Console, *, costs: bool = True) -> None:
    """Print boards on a terminal: scores and costs side by side if they fit, else folded.

    The best value of a column that has a direction is bold and bears a ``*``.
    """
    from rich.text import Text

    for board in boards:
        grid = make_grid(board, costs=costs)
        for i, part in enumerate(fold(grid, console.width)):
            if i == 0:
                console.print(Text(grid.title, style="bold"), soft_wrap=True)
            console.print()
            _print_grid(part, console)
        console.print()
        for note in grid.notes:
            console.print(note, markup=False, highlight=False, soft_wrap=True)
        console.print()


def fold(grid: Grid, width: int) -> list[Grid]:
    """Cut a grid into grids that fit a width in characters; each repeats rank, method and seeds.

    Scores and costs part first; scores part further only when they must.
    """
    everything = [*grid.score_columns, *grid.cost_columns]
    if _table_width(grid, everything) <= width:
        return [grid]
    parts: list[list[int]] = []
    for columns in (grid.score_columns, grid.cost_columns):
        current: list[int] = []
        for column in columns:
            if current and _table_width(grid, [*current, column]) > width:
                parts.append(current)
                current = []
            current.append(column)
        if current:
            parts.append(current)
    return [grid.take(columns) for columns in parts]


def _table_width(grid: Grid, columns: Sequence[int]) -> int:
    widths = [grid.width(i) for i in (0, 1, 2, *columns)]
    return sum(widths) + _GAP * (len(widths) - 1)


def _print_grid(grid: Grid, console: Console) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))
    for i, name in enumerate(grid.header):
        if i == 1:
            table.add_column(Text(name), width=grid.width(i), overflow="fold")
        else:
            table.add_column(Text(wrapped(name)), justify="right", no_wrap=True)
    for row in grid.rows:
        cells = [Text(c.text + "*", style="bold") if c.best else Text(c.text) for c in row]
        table.add_row(*cells)
    console.print(table)


def _markdown(costs: bool, boards: Sequence[Board]) -> str:
    out = []
    for grid in (make_grid(board, costs=costs) for board in boards):
        out += [f"### {_markdown_text(grid.title)}", ""]
        out.append("| " + " | ".join(_markdown_text(name) for name in grid.header) + " |")
        out.append(
            "|" + "|".join(":--" if i == 1 else "--:" for i in range(len(grid.header))) + "|"
        )
        out += ["| " + " | ".join(_markdown_cell(c) for c in row) + " |" for row in grid.rows]
        out.append("")
        out += [f"- {_markdown_text(note)}" for note in grid.notes]
        out += [""] if grid.notes else []
    return "\n".join(out) + "\n"


def _markdown_cell(cell: Cell) -> str:
    text = _markdown_text(cell.text)
    return f"**{text}**" if cell.best else text


def _markdown_text(text: str) -> str:
    # brackets too: a label could otherwise become a link
    escaped = re.sub(r"([\\`*_|\[\]~#])", r"\\\1", text)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _latex(costs: bool, boards: Sequence[Board]) -> str:
    """Tables of the booktabs package, each folded to the width of a page."""
    out = ["% needs \\usepackage{booktabs}"]
    for board in boards:
        grid = make_grid(board, costs=costs, errors=False)
        caption = _latex_text(grid.title)
        out += ["\\begin{table}", "\\centering", "\\footnotesize", f"\\caption{{{caption}}}"]
        out.append(
            f"\\label{{tab:{slug(f'{board.benchmark}-{board.preset}-{board.title_suffix}')}}}"
        )
        for number, part in enumerate(fold(grid, _LATEX_WIDTH)):
            out += ["\\par\\medskip"] if number else []
            out += _latex_tabular(part)
        out += [f"\\par {{{_latex_text(note)}}}" for note in grid.notes]
        out += ["\\end{table}", ""]
    return "\n".join(out)


def _latex_tabular(grid: Grid) -> list[str]:
    alignment = "".join("l" if i == 1 else "r" for i in range(len(grid.header)))
    return [
        f"\\begin{{tabular}}{{{alignment}}}",
        "\\toprule",
        " & ".join(_latex_header(name) for name in grid.header) + r" \\",
        "\\midrule",
        *(" & ".join(_latex_cell(cell) for cell in row) + r" \\" for row in grid.rows),
        "\\bottomrule",
        "\\end{tabular}",
    ]


def _latex_header(name: str) -> str:
    """A column's name, its extractor on a line of its own."""
    what, bracket, rest = name.partition(" (")
    if not bracket:
        return _latex_text(name)
    return f"\\shortstack[r]{{{_latex_text(what)}\\\\{_latex_text('(' + rest)}}}"


def _latex_cell(cell: Cell) -> str:
    text = _latex_text(cell.text)
    return f"\\textbf{{{text}}}" if cell.best else text


def _latex_text(text: str) -> str:
    escaped = "".join(_LATEX.get(c, c) for c in text)
    # a row that begins with a bracket would become the argument of the line break before it
    return f"{{}}{escaped}" if escaped.startswith("[") else escaped


def _csv(safe: bool, costs: bool, boards: Sequence[Board]) -> str:
    rows = [flat(board, line, costs=costs) for board in boards for line in board.lines]
    header = list(dict.fromkeys(key for row in rows for key in row))
    return csv_text(header, ([row.get(key) for key in header] for row in rows), safe=safe)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]], *, safe: bool) -> str:
    """Write a table as CSV; ``safe`` has no cell that a spreadsheet takes for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for cells in chain([header], rows):
        writer.writerow([safe_cell(cell) for cell in cells] if safe else cells)
    return out.getvalue()


def _json(boards: Sequence[Board]) -> str:
    values = []
    for board in boards:
        value = dataclasses.asdict(board)
        value["best"] = [sorted(labels) for labels in board.best]
        value["confidence"] = CONFIDENCE
        values.append(value)
    return json_text(values) + "\n"
