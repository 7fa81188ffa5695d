"""Tables of a study on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from regene_bench.base.text import visible
from regene_bench.studies.figure import Exhibit

_MOST_ROWS = 40
_TEXT_WIDTH = 26
_GAP = 3  # blanks that a column takes beside its cells


def print_table(exhibit: Exhibit, console: Console) -> None:
    """Print a table of a study, without columns that are empty and rows that have no number.

    Columns that do not fit beside each other come in several blocks, each with the columns of text
    repeated; of a long table the first 40 rows are shown.

    Args:
        exhibit: A table: an exhibit without a drawing.
        console: Where to; its width decides the blocks.
    """
    columns = {name: list(values) for name, values in exhibit.data.items()}
    filled = {name: v for name, v in columns.items() if any(one is not None for one in v)}
    texts = [name for name, values in filled.items() if not _are_numbers(values)]
    cells = {name: [_cell(value) for value in values] for name, values in filled.items()}
    count = len(next(iter(columns.values()), []))
    taken = sum(_GAP + min(_TEXT_WIDTH, _width(name, cells[name])) for name in texts)
    for numbers in _blocks(
        {n: v for n, v in cells.items() if n not in texts}, console.width - taken
    ):
        table = Table(box=SIMPLE_HEAD)
        for name in texts:
            table.add_column(Text(visible(name)), overflow="fold", max_width=_TEXT_WIDTH)
        for name in numbers:
            table.add_column(Text(visible(name)), justify="right", no_wrap=True)
        for row in range(min(count, _MOST_ROWS)):
            if numbers and all(filled[name][row] is None for name in numbers):
                continue
            table.add_row(*(Text(cells[name][row]) for name in (*texts, *numbers)))
        console.print(table)
    if count > _MOST_ROWS:
        console.print(f"… and {count - _MOST_ROWS} rows more in the file.", markup=False)


def _blocks(numbers: Mapping[str, Sequence[str]], room: int) -> list[list[str]]:
    """Divide columns of numbers into blocks that are no wider than the room, or a column each."""
    blocks: list[list[str]] = [[]]
    used = 0
    for name, values in numbers.items():
        width = _GAP + _width(name, values)
        if blocks[-1] and used + width > room:
            blocks.append([])
            used = 0
        blocks[-1].append(name)
        used += width
    return blocks


def _width(name: str, values: Sequence[str]) -> int:
    return max(len(text) for text in (name, *values))


def _are_numbers(values: Sequence[object]) -> bool:
    return all(isinstance(value, int | float) or value is None for value in values)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else visible(str(value))
