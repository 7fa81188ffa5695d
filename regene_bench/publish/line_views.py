"""What a method's page shows of each of its lines."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regene_bench.base.text import printable, slug
from regene_bench.leaderboard.aggregate import CONVENTION, Statistic
from regene_bench.leaderboard.board import Board, BoardColumn, Line, Missing
from regene_bench.leaderboard.directions import BETTER
from regene_bench.leaderboard.formatting import interval, number
from regene_bench.leaderboard.record import RunRecord
from regene_bench.plugins.host import PluginHost
from regene_bench.publish.downloads import STEM
from regene_bench.publish.pictures import Picture, picture_name
from regene_bench.samples.reproduction import repetition_of

# a page with more lines than this is slow to open
LINES_A_PAGE = 50


_CHECK = ["regene-bench", "reproduce", "--results", f"{STEM}.parquet"]


@dataclass(frozen=True)
class ScoreView:
    """One score of a line."""

    metric: str
    text: str
    better: str
    n: str
    convention: str


@dataclass(frozen=True)
class RunView:
    """One run of a line."""

    anchor: str
    run_id: str
    seed: int
    device: str
    finished: str
    seconds: str
    versions: str
    command: str
    check: str
    picture: Picture | None
    reconstructions: Picture | None
    file: str


@dataclass(frozen=True)
class LineView:
    """One line of a board with all that is known of it.

    Attributes:
        anchor: Its place on the page.
        label: Method and what tells it from its siblings.
        subtitle: The board that it stands on.
        params: Name and JSON value of every parameter.
        scores: Its totals.
        class_header, class_rows: Its scores per class.
        runs: The runs it stands on, by seed.
    """

    anchor: str
    label: str
    subtitle: str
    params: tuple[tuple[str, str], ...]
    scores: tuple[ScoreView, ...]
    class_header: tuple[str, ...]
    class_rows: tuple[tuple[str, ...], ...]
    runs: tuple[RunView, ...]

    def value_of(self, metric: str) -> str:
        """What stands under a metric among its scores; empty if nothing does."""
        return next((s.text for s in self.scores if s.metric == metric and s.n), "")


def line_view(
    anchor: str,
    board: Board,
    line: Line,
    per_class: Sequence[tuple[Board, Line]],
    runs: Sequence[RunRecord],
    pictures: Mapping[str, Picture],
    reconstructions: Mapping[str, Picture],
    host: PluginHost,
) -> LineView:
    """Collect what is known of a line.

    Args:
        anchor: Its place on the page.
        board: The board that it stands on.
        line: The line.
        per_class: The same line on the boards per class, a board a metric.
        runs: The runs it stands on.
        pictures: Sample grids by run id.
        reconstructions: Grids of images and their reconstructions by run id.
        host: Knows how methods are named.
    """
    params: dict[str, Any] = json.loads(line.params)
    header, rows = _per_class(per_class)
    return LineView(
        anchor=anchor,
        label=printable(line.label),
        subtitle=subtitle(board),
        params=tuple(
            (printable(k), printable(json.dumps(v, ensure_ascii=False))) for k, v in params.items()
        ),
        scores=tuple(
            _score(column, cell, line)
            for column, cell in zip(board.columns, line.cells, strict=True)
            if cell is not None
        ),
        class_header=header,
        class_rows=rows,
        runs=tuple(run_view(run, pictures, reconstructions, host) for run in runs),
    )


def run_view(
    run: RunRecord,
    pictures: Mapping[str, Picture],
    reconstructions: Mapping[str, Picture],
    host: PluginHost,
) -> RunView:
    """Collect what is known of a run."""
    versions = {
        "regene-bench": run.packages.get("regene-bench"),
        run.distribution: run.distribution_version,
    }
    versions |= {"torch": run.torch_version, "Python": run.python_version}
    commit = f"; commit {run.git_commit[:10]}" if run.git_commit else ""
    return RunView(
        anchor=f"run-{slug(run.run_id)}",
        run_id=printable(run.run_id),
        seed=run.seed,
        device=printable(run.gpu_name or run.device or ""),
        finished=f"{run.timestamp:%Y-%m-%d %H:%M}",
        seconds="" if run.fit_seconds is None else f"{run.fit_seconds:.1f}",
        versions=printable(", ".join(f"{k} {v}" for k, v in versions.items() if v) + commit),
        command=printable(repetition_of(run, host, force=False)),
        check=printable(shlex.join([*_CHECK, run.run_id])),
        picture=pictures.get(run.run_id),
        reconstructions=reconstructions.get(run.run_id),
        file=picture_name(run.run_id),
    )


def subtitle(board: Board) -> str:
    """What tells a board from others of its benchmark and preset: protocol version and data."""
    data = f"data {board.dataset_fingerprint[:8]}"
    return printable(f"protocol version {board.protocol_version}, {data}")


def _score(column: BoardColumn, cell: Statistic | Missing, line: Line) -> ScoreView:
    name = printable(column.label) + (f" [{printable(column.unit)}]" if column.unit else "")
    better = "" if column.direction == "none" else BETTER[column.direction]
    if isinstance(cell, Missing):
        text = f"{cell.status}: {cell.message}" if cell.message else cell.status
        return ScoreView(name, printable(text), better, "", "")
    # the same real images whatever the seed: what differs there is rounding
    value = number(cell.mean) if line.is_reference else interval(cell)
    return ScoreView(name, value, better, str(cell.n), _convention(column))


def _convention(column: BoardColumn) -> str:
    extractor, weights, preprocess, split, n_real, n_generated = (
        column.convention[name] for name in CONVENTION
    )
    parts = [
        f"{extractor}, weights {str(weights)[:8]}, {preprocess}" if extractor else "",
        f"{n_generated} generated" if n_generated is not None else "",
        f"{n_real} real ({split})" if n_real is not None else "",
    ]
    return printable("; ".join(part for part in parts if part))


def _per_class(
    found: Sequence[tuple[Board, Line]],
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The line's scores per class: a row a class, a column a metric."""
    columns: dict[str, dict[str, str]] = {}
    for board, line in found:
        values = {
            printable(column.class_name or ""): interval(cell)
            for column, cell in zip(board.columns, line.cells, strict=True)
            if isinstance(cell, Statistic)
        }
        if values:
            columns[printable(board.title_suffix)] = values
    classes = list(dict.fromkeys(name for values in columns.values() for name in values))
    rows = tuple((name, *(v.get(name, "") for v in columns.values())) for name in classes)
    return ("class", *columns), rows
