"""What a site is made of: boards, runs, pictures and protocols of some leaderboards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from regene_bench.leaderboard.aggregate import COHORT, Key, first_rows
from regene_bench.leaderboard.board import Board, Line
from regene_bench.leaderboard.folding import Conflict
from regene_bench.leaderboard.grouping import records
from regene_bench.leaderboard.merge import Source, merge, without_tracebacks
from regene_bench.leaderboard.ranking import make_boards, make_class_boards
from regene_bench.leaderboard.reading import BadPart
from regene_bench.leaderboard.record import RunRecord
from regene_bench.leaderboard.row_columns import RUN_COLUMNS
from regene_bench.plan.protocol import Benchmark, installed_protocols, rank_metrics
from regene_bench.plan.reported import ReportedNumber, reported_numbers
from regene_bench.plugins.host import PluginHost
from regene_bench.publish.page_rows import Stretch, by_pages
from regene_bench.publish.pictures import RECONSTRUCTIONS, SAMPLES, Picture, first_picture

_LINE = ("method", "method_version", "distribution", "params")


@dataclass(frozen=True)
class Content:
    """Everything that a site is written from.

    Attributes:
        table: All rows, those of a page together; every run stands once.
        stretches: Where each page's rows stand in it, by benchmark and preset.
        folders: Results folders among the leaderboards, in the order of precedence.
        protocols: The protocols that are installed, by benchmark.
        reported: Numbers from the literature.
        conflicts: Scores of one run that contradict each other; their runs are left out.
        bad: Files that could not be read.
    """

    table: pa.Table
    stretches: Mapping[tuple[str, str], Stretch]
    folders: tuple[Path, ...]
    protocols: dict[str, Benchmark]
    reported: tuple[ReportedNumber, ...]
    conflicts: tuple[Conflict, ...]
    bad: tuple[BadPart, ...]

    def pages(self) -> list[tuple[str, str]]:
        """Benchmark and preset of each page, sorted."""
        return sorted(page for page, (_, count) in self.stretches.items() if count)


@dataclass(frozen=True)
class PageContent:
    """What the pages of one benchmark and preset are written from.

    Attributes:
        boards: Ranked boards, newest protocol first.
        class_boards: Boards per class, one a metric.
        class_lines: For every line the boards per class that it stands on, with it.
        runs: Runs by ``line_key``.
        pictures: Sample grids by run id.
        reconstructions: Grids of images and their reconstructions by run id.
        protocol: The benchmark's, if it is installed.
        reported: Numbers from the literature on it.
    """

    boards: tuple[Board, ...]
    class_boards: tuple[Board, ...]
    class_lines: dict[Key, list[tuple[Board, Line]]]
    runs: dict[Key, list[RunRecord]]
    pictures: dict[str, Picture]
    reconstructions: dict[str, Picture]
    protocol: Benchmark | None
    reported: tuple[ReportedNumber, ...]


def collect(sources: Sequence[Source], host: PluginHost) -> Content:
    """Read what a site needs; of several leaderboards the first one's pictures count."""
    merged = merge(sources)
    rows = by_pages(without_tracebacks(merged.table))
    names = merged.table["benchmark"].unique().to_pylist()
    return Content(
        table=rows.table,
        stretches=rows.stretches,
        folders=tuple(source.path for source in sources if source.path.is_dir()),
        protocols=installed_protocols(host, names),
        reported=tuple(reported_numbers(host)),
        conflicts=merged.conflicts,
        bad=tuple(part for source in sources for part in source.bad),
    )


def collect_page(content: Content, page: tuple[str, str]) -> PageContent:
    """Make the boards of one page: those of a whole site take many times the memory of its rows.

    Args:
        content: The site's.
        page: Benchmark and preset.
    """
    table = content.table.slice(*content.stretches[page])
    boards = make_boards(table, rank_metrics(content.protocols))
    class_boards = make_class_boards(table)
    runs = runs_by_line(table)
    benchmark, _ = page
    return PageContent(
        boards=tuple(sorted(boards, key=lambda board: -board.protocol_version)),
        class_boards=tuple(class_boards),
        class_lines=_by_line(class_boards),
        runs=runs,
        pictures=_pictures(content.folders, runs, SAMPLES),
        reconstructions=_pictures(content.folders, runs, RECONSTRUCTIONS),
        protocol=content.protocols.get(benchmark),
        reported=tuple(one for one in content.reported if one.benchmark == benchmark),
    )


def runs_by_line(table: pa.Table) -> dict[Key, list[RunRecord]]:
    """Sort the runs of a leaderboard by the lines that they stand behind.

    Returns:
        Records without scores by ``line_key``, each list sorted by seed.
    """
    lines: dict[Key, list[RunRecord]] = {}
    for row in records(first_rows(table)):
        whole = dict.fromkeys(table.column_names) | {"status": "ok"}
        # a run that failed as a whole has its own row first
        whole |= {name: row[name] for name in RUN_COLUMNS}
        if row["metric"] is None:
            whole |= {name: row[name] for name in ("status", "error_type", "error_message")}
        record = RunRecord.from_rows([whole])
        key = tuple(row[name] for name in (*COHORT, *_LINE))
        lines.setdefault(key, []).append(record)
    for runs in lines.values():
        runs.sort(key=lambda run: (run.seed, run.run_id))
    return lines


def line_key(board: Board, line: Line) -> Key:
    """What the runs behind a line share: the board's cohort, the method and its parameters."""
    return (*board.cohort, *(getattr(line, name) for name in _LINE))


def _by_line(class_boards: Sequence[Board]) -> dict[Key, list[tuple[Board, Line]]]:
    found: dict[Key, list[tuple[Board, Line]]] = {}
    for board in class_boards:
        for line in board.lines:
            found.setdefault(line_key(board, line), []).append((board, line))
    return found


def _pictures(
    folders: Sequence[Path], runs: dict[Key, list[RunRecord]], name: str
) -> dict[str, Picture]:
    pictures: dict[str, Picture] = {}
    for own in runs.values():
        for run in own:
            picture = first_picture(folders, run.run_id, name)
            if picture is not None:
                pictures[run.run_id] = picture
    return pictures
