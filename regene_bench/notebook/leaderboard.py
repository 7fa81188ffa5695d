"""The leaderboard as an object for notebooks and scripts: text, HTML, Arrow or pandas."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from regene_bench.base.errors import UnavailableError, UsageError, did_you_mean
from regene_bench.base.files import stays_inside
from regene_bench.leaderboard.board import Board, Line
from regene_bench.leaderboard.parts import read_parts
from regene_bench.leaderboard.ranking import make_boards
from regene_bench.leaderboard.reading import BadPart
from regene_bench.leaderboard.render import TEXT_FORMATS, print_tables, render
from regene_bench.notebook.html import boards_as_html
from regene_bench.notebook.line import BoardLine
from regene_bench.plan.protocol import installed_protocols, rank_metrics
from regene_bench.plugins.host import load_plugins
from regene_bench.stores.opening import results_folder

if TYPE_CHECKING:
    import pandas as pd

_WIDTH = 100


@dataclass(frozen=True)
class Leaderboard:
    """The ranked tables of a results folder.

    Attributes:
        results: The folder.
        boards: One for each benchmark, protocol version, data fingerprint and preset: only what is
            in one board compares.
        skipped: Files of the folder that could not be read, with the reason.
    """

    results: Path
    boards: tuple[Board, ...]
    skipped: tuple[BadPart, ...] = ()
    _table: pa.Table = field(repr=False, compare=False, default=None)

    @classmethod
    def read(
        cls,
        results: Path | str = "results",
        benchmark: str = "",
        *,
        preset: str = "",
        by: str | Mapping[str, str] = "",
    ) -> Leaderboard:
        """Read a results folder.

        Args:
            results: The folder, or the address of a store.
            benchmark: Read this benchmark only.
            preset: Read this preset only.
            by: Metric that ranks (``fd``, or ``fd[extractor=inception]``), for all benchmarks or by
                benchmark; what each protocol says if empty.

        Raises:
            UsageError: There are no such runs, or no such metric.
        """
        folder = results_folder(results)
        table, bad = read_parts(folder)
        for column, value in (("benchmark", benchmark), ("preset", preset)):
            known = table[column].unique().to_pylist()
            if value and value not in known:
                hint = did_you_mean(value, known) if known else "Run something first."
                raise UsageError(f"{folder} has no runs of the {column} {value!r}.", hint=hint)
            if value:
                table = table.filter(pc.equal(table[column], value))
        names = table["benchmark"].unique().to_pylist()
        ranked_by = by or rank_metrics(installed_protocols(load_plugins(), names))
        return cls(folder, tuple(make_boards(table, ranked_by)), tuple(bad), table)

    def __getitem__(self, label: str) -> BoardLine:
        """One line, by what the tables call it: ``board["cgan[noise_dim=8]"]``.

        Raises:
            UsageError: There is no such line, or several boards have one.
        """
        found = [(board, line) for board in self.boards for line in board.lines]
        own = [(board, line) for board, line in found if line.label == label]
        if not own:
            labels = {line.label for _, line in found}
            raise UsageError(f"There is no line {label!r}.", hint=did_you_mean(label, labels))
        if len(own) > 1:
            names = ", ".join(f"{board.benchmark} ({board.preset})" for board, _ in own)
            raise UsageError(
                f"{len(own)} boards have a line {label!r}: {names}.",
                hint="Read one: Leaderboard.read(results, benchmark, preset=...).",
            )
        return BoardLine(self.results, label, tuple(self._run_ids(*own[0])))

    def compare(self, *labels: str) -> Leaderboard:
        """The leaderboard of these lines alone, with their pictures beside each other.

        Args:
            labels: What the tables call them.

        Raises:
            UsageError: As of ``board[label]``.
        """
        if not labels:
            raise UsageError("Nothing is compared.", hint='Name lines: compare("regene", "cgan").')
        wanted = [run_id for label in labels for run_id in self[label].run_ids]
        rows = self._table.filter(pc.is_in(self._table["run_id"], pa.array(wanted)))
        ranks = {
            board.benchmark: board.columns[board.ranked_by].label
            for board in self.boards
            if board.ranked_by is not None
        }
        return Leaderboard(self.results, tuple(make_boards(rows, ranks)), self.skipped, rows)

    @property
    def failed(self) -> tuple[str, ...]:
        """What failed, one line a run, with the reason."""
        return tuple(
            f"{run.method} (seed {run.seed}): {run.error}"
            for board in self.boards
            for run in board.failed
        )

    def to_arrow(self) -> pa.Table:
        """All rows, one per run × metric (× class), as docs/leaderboard.md describes them."""
        return self._table

    def to_pandas(self) -> pd.DataFrame:
        """The same rows as a pandas data frame.

        Raises:
            UnavailableError: pandas is not installed.
        """
        try:
            return self._table.to_pandas()
        except ModuleNotFoundError as error:
            raise UnavailableError(
                "pandas is not installed.", hint="pip install pandas, or take to_arrow()."
            ) from error

    def render(self, form: str = "md") -> str:
        """Write the tables as ``md``, ``csv``, ``json`` or ``latex``.

        Raises:
            UsageError: There is no such format.
        """
        if form not in TEXT_FORMATS:
            raise UsageError(f"There is no format {form!r}.", hint=did_you_mean(form, TEXT_FORMATS))
        return render(self.boards, form)

    def __str__(self) -> str:
        from rich.console import Console

        text = io.StringIO()
        print_tables(self.boards, Console(file=text, width=_WIDTH))
        return text.getvalue().rstrip()

    def _repr_html_(self) -> str:
        return boards_as_html(self.boards, self._pictures())

    def _pictures(self) -> Sequence[dict[str, Path]]:
        """For each board the sample grids that are there, by the label of the line."""
        return [
            {line.label: path for line in board.lines if (path := self._picture(board, line))}
            for board in self.boards
        ]

    def _picture(self, board: Board, line: Line) -> Path | None:
        for run_id in self._run_ids(board, line):
            path: Path = self.results / "runs" / run_id / "samples.png"
            # a run id comes from a file: it must not lead out of the folder
            if run_id.isalnum() and path.is_file() and stays_inside(path, self.results):
                return path
        return None

    def _run_ids(self, board: Board, line: Line) -> list[str]:
        """The runs of a line, by seed."""
        wanted = {
            "benchmark": board.benchmark,
            "protocol_version": board.protocol_version,
            "dataset_fingerprint": board.dataset_fingerprint,
            "preset": board.preset,
            "method": line.method,
            "method_version": line.method_version,
            "params": line.params,
            "distribution": line.distribution,
        }
        rows = self._table
        for column, value in wanted.items():
            rows = rows.filter(pc.equal(rows[column], value))
        found: list[str] = rows.sort_by("seed")["run_id"].unique().to_pylist()
        return found
