"""Boards as HTML for notebooks: tables with sample grids; all that comes from data is escaped."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from regene_bench.leaderboard.board import Board
from regene_bench.leaderboard.grid import make_grid

_MOST_PICTURES = 24
_MOST_BYTES = 1_000_000
_CELL = "padding: 2px 8px; text-align: {align}; white-space: nowrap; vertical-align: middle"


def boards_as_html(boards: Sequence[Board], pictures: Sequence[Mapping[str, Path]]) -> str:
    """Write each board as a table.

    Args:
        boards: What to show.
        pictures: For each board the sample grids, by the label of the line; up to 24 are shown.
    """
    parts = [_board(board, own) for board, own in zip(boards, pictures, strict=True)]
    return "\n".join(parts) if parts else "<p>There are no runs.</p>"


def _board(board: Board, pictures: Mapping[str, Path]) -> str:
    grid = make_grid(board)
    shown = dict(list(pictures.items())[:_MOST_PICTURES])
    heading = "".join(_cell("th", name, i) for i, name in enumerate(grid.header))
    if shown:
        heading += _cell("th", "samples", 1)
    rows = []
    for line, cells in zip(board.lines, grid.rows, strict=True):
        row = "".join(_cell("td", cell.text, i, best=cell.best) for i, cell in enumerate(cells))
        if shown:
            row += f"<td>{_picture(shown.get(line.label), line.label)}</td>"
        rows.append(f"<tr>{row}</tr>")
    return "\n".join(
        [
            f"<p><strong>{html.escape(grid.title)}</strong></p>",
            '<div style="overflow-x: auto"><table>',
            f"<thead><tr>{heading}</tr></thead>",
            f"<tbody>{''.join(rows)}</tbody>",
            "</table></div>",
            *_notes(grid.notes, len(pictures) - len(shown)),
        ]
    )


def _cell(tag: str, text: str, column: int, *, best: bool = False) -> str:
    content = html.escape(text)
    content = f"<strong>{content}</strong>" if best else content
    style = _CELL.format(align="left" if column == 1 else "right")
    return f'<{tag} style="{style}">{content}</{tag}>'


def _picture(path: Path | None, label: str) -> str:
    if path is None or path.stat().st_size > _MOST_BYTES:
        return ""
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    text = html.escape(f"samples of {label}, one class a row", quote=True)
    source = f"data:image/png;base64,{content}"
    return f'<img src="{source}" alt="{text}" title="{text}" style="max-height: 160px">'


def _notes(notes: Sequence[str], hidden: int) -> Iterator[str]:
    lines = [html.escape(note) for note in notes]
    if hidden > 0:
        lines.append(f"{hidden} more sample grids are in the results folder")
    if lines:
        yield f"<small>{'<br>'.join(lines)}</small>"
