"""The page of a benchmark and preset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from regene_bench.base.text import printable, slug
from regene_bench.charts.collect import charts_of
from regene_bench.leaderboard.board import Board
from regene_bench.publish.board_views import BoardView, SampleView, table_view
from regene_bench.publish.content import PageContent, line_key
from regene_bench.publish.line_views import LINES_A_PAGE, subtitle
from regene_bench.publish.pictures import picture_name
from regene_bench.publish.reported_views import ReportedView, reported_views

# more sample grids than one looks at
_MOST_SAMPLES = 24
# a grid of two parameters and ten metrics has hundreds
_MOST_CHARTS = 24


@dataclass
class BoardPage:
    """One page: the boards of a benchmark and preset, newest protocol first.

    Attributes:
        folder: Its folder on the site.
        benchmark, preset: As in the leaderboard, fit to be shown.
        key: The same two, as they are in the rows.
        title: The protocol's title, or the benchmark's name.
        description: The protocol's own words, if it is installed.
        boards: What is shown; boards do not compare with one another.
        addresses: Where each line's details stand, by board number and label.
        reported: Numbers from the literature.
        run_ids: All runs of the page.
        first, last: Dates of the first and the last run.
    """

    folder: str
    benchmark: str
    preset: str
    key: tuple[str, str]
    title: str
    description: str
    boards: list[BoardView] = field(default_factory=list)
    addresses: dict[tuple[int, str], str] = field(default_factory=dict)
    reported: list[ReportedView] = field(default_factory=list)
    run_ids: list[str] = field(default_factory=list)
    first: str = ""
    last: str = ""

    def file(self, number: int) -> str:
        """File of the page's ``number``-th part, from 0."""
        return "index.html" if number == 0 else f"index.{number + 1}.html"


def make_board_page(content: PageContent) -> BoardPage:
    """Write the boards of one benchmark and preset as a page."""
    boards, protocol = content.boards, content.protocol
    benchmark, preset = boards[0].benchmark, boards[0].preset
    page = BoardPage(
        folder=slug(f"{benchmark}-{preset}"),
        benchmark=printable(benchmark),
        preset=printable(preset),
        key=(benchmark, preset),
        title=printable(protocol.title if protocol else benchmark),
        description=printable(protocol.description if protocol else ""),
        reported=reported_views(content.reported),
    )
    page.addresses = line_addresses(boards)
    for number, board in enumerate(boards):
        links = {line.label: page.addresses[number, line.label] for line in board.lines}
        samples = _samples(content, board, links)
        table = table_view(board, links, samples)
        view = BoardView(f"board-{number + 1}", subtitle(board), table)
        charts = charts_of(board, content.class_boards)
        view.charts, view.charts_left_out = charts[:_MOST_CHARTS], len(charts[_MOST_CHARTS:])
        view.samples = list(samples.values())[:_MOST_SAMPLES]
        page.boards.append(view)
        for line in board.lines:
            page.run_ids += [run.run_id for run in content.runs.get(line_key(board, line), [])]
    dates = [
        f"{run.timestamp:%Y-%m-%d}"
        for board in boards
        for line in board.lines
        for run in content.runs.get(line_key(board, line), [])
    ]
    page.first, page.last = min(dates, default=""), max(dates, default="")
    return page


def line_addresses(boards: Sequence[Board]) -> dict[tuple[int, str], str]:
    """Give every line its method's page and its place there, by board number and label."""
    stems = method_stems(boards)
    addresses: dict[tuple[int, str], str] = {}
    counts: dict[str, int] = {}
    for number, board in enumerate(boards):
        for line in board.lines:
            stem = stems[line.method, line.distribution]
            place = counts.get(stem, 0)
            counts[stem] = place + 1
            addresses[number, line.label] = f"{method_file(stem, place)}#line-{place + 1}"
    return addresses


def method_stems(boards: Sequence[Board]) -> dict[tuple[str, str], str]:
    """Name the pages of every method, by its name and distribution.

    The distribution enters the name if two of them have a method of the same name.
    """
    found = {(line.method, line.distribution) for board in boards for line in board.lines}
    names = [method for method, _ in found]
    return {
        (method, distribution): "method-"
        + slug(method if names.count(method) == 1 else f"{distribution}:{method}")
        for method, distribution in found
    }


def method_file(stem: str, place: int) -> str:
    """File of the method's page that holds the line at a place."""
    part = place // LINES_A_PAGE
    return f"{stem}.html" if part == 0 else f"{stem}.{part + 1}.html"


def _samples(content: PageContent, board: Board, links: dict[str, str]) -> dict[str, SampleView]:
    """The samples of each line's first seed that has some, by the line's label."""
    found: dict[str, SampleView] = {}
    for line in board.lines:
        for run in content.runs.get(line_key(board, line), []):
            picture = content.pictures.get(run.run_id)
            if picture is not None:
                label, href = printable(line.label), links[line.label]
                file = picture_name(run.run_id)
                found[line.label] = SampleView(label, href, file, picture, run.seed)
                break
    return found
