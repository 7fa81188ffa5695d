"""The pages of a method on a benchmark: its lines, their parameters and runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regene_bench.base.text import printable
from regene_bench.leaderboard.board import Board, Line
from regene_bench.plugins.host import PluginHost
from regene_bench.publish.board_page import BoardPage, method_file, method_stems
from regene_bench.publish.content import PageContent, line_key
from regene_bench.publish.line_views import LINES_A_PAGE, LineView, line_view

_METRICS_IN_SHORT = 5


@dataclass(frozen=True)
class MethodPage:
    """Up to ``LINES_A_PAGE`` lines of one method.

    Attributes:
        file: File of this part.
        name, distribution, summary: The method, with its own words if it is installed.
        lines: What is shown.
        files: Files of all parts.
    """

    file: str
    name: str
    distribution: str
    summary: str
    lines: tuple[LineView, ...]
    files: tuple[str, ...]

    @property
    def score_names(self) -> list[str]:
        """The first few metrics of which one of the lines has a value."""
        names = (score.metric for line in self.lines for score in line.scores if score.n)
        return list(dict.fromkeys(names))[:_METRICS_IN_SHORT]


def make_method_pages(
    content: PageContent, page: BoardPage, host: PluginHost
) -> Iterator[MethodPage]:
    """Write all methods of a page's boards, in parts of ``LINES_A_PAGE`` lines."""
    stems = method_stems(content.boards)
    methods: dict[str, list[tuple[Board, Line]]] = {}
    for board in content.boards:
        for line in board.lines:
            methods.setdefault(stems[line.method, line.distribution], []).append((board, line))
    for stem, lines in methods.items():
        starts = range(0, len(lines), LINES_A_PAGE)
        files = tuple(method_file(stem, start) for start in starts)
        for start, file in zip(starts, files, strict=True):
            part = lines[start : start + LINES_A_PAGE]
            views = [
                _line(content, board, line, place, host)
                for place, (board, line) in enumerate(part, start)
            ]
            one = lines[0][1]
            summary = _summary(host, one)
            names = (printable(one.method), printable(one.distribution), summary)
            yield MethodPage(file, *names, tuple(views), files)


def _line(content: PageContent, board: Board, line: Line, place: int, host: PluginHost) -> LineView:
    key = line_key(board, line)
    per_class, runs = content.class_lines.get(key, []), content.runs.get(key, [])
    return line_view(
        f"line-{place + 1}",
        board,
        line,
        per_class,
        runs,
        content.pictures,
        content.reconstructions,
        host,
    )


def _summary(host: PluginHost, line: Line) -> str:
    for entry in host.entries("method"):
        if (entry.name, entry.distribution) == (line.method, line.distribution):
            return printable(entry.summary)
    return ""
