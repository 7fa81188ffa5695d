"""What a scoring gives back: rows, and a table of them to read."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regene_bench.base.errors import (
    EXIT_ALL_FAILED,
    EXIT_OK,
    EXIT_SOME_FAILED,
    UsageError,
    did_you_mean,
)
from regene_bench.base.text import aligned, json_text, printable, safe_cell
from regene_bench.leaderboard.formatting import number
from regene_bench.leaderboard.record import RunRecord, ScoreRow
from regene_bench.samples.caveats import caveats_of
from regene_bench.samples.parity.recompute import Line

FORMS = ("table", "md", "csv", "json")
_HEADER = ("metric", "value", "better", "generated", "real", "measured with", "notes")
_BETTER = {"higher": "higher", "lower": "lower", "reference": "as real", "none": ""}


@dataclass(frozen=True)
class Report:
    """Scores of a set of samples.

    Attributes:
        record: The scores as the leaderboard keeps them.
        title: What was scored against what, in one line.
        part: File of the leaderboard that it was written to, if it was.
        parity: What other libraries found, if they were asked; ``parity.table`` writes it.
    """

    record: RunRecord
    title: str
    part: Path | None = None
    parity: tuple[Line, ...] = ()

    @property
    def rows(self) -> tuple[ScoreRow, ...]:
        """All scores: totals, scores of classes, and those that could not be had, with why."""
        return self.record.scores

    def value(self, metric: str) -> float:
        """The total of a metric that was measured once.

        Raises:
            KeyError: It was not measured, or in several ways: look through ``rows``.
        """
        values = [r.value for r in self._totals() if r.metric == metric and r.value is not None]
        if len(values) != 1:
            raise KeyError(f"{metric!r} has {len(values)} values here, not one; see rows")
        return values[0]

    @property
    def exit_code(self) -> int:
        """0, or 3 if a metric failed or another library disagrees, or 4 if all failed."""
        if any(line.agrees is False for line in self.parity):
            return EXIT_SOME_FAILED
        failed = [row.status == "failed" for row in self.rows]
        if failed and all(failed):
            return EXIT_ALL_FAILED
        return EXIT_SOME_FAILED if any(failed) else EXIT_OK

    def render(self, form: str = "table", *, safe_cells: bool = False) -> str:
        """Write totals as ``table`` or ``md``, or all rows as ``csv`` or ``json``.

        Args:
            form: The format.
            safe_cells: Of CSV, have no cell that a spreadsheet takes for a formula.

        Raises:
            UsageError: There is no such format.
        """
        check_form(form)
        rows = self.record.rows()
        if form == "json":
            return json_text(rows)
        if form == "csv":
            return _csv(rows, safe_cells)
        notes: dict[str, int] = {}
        cells = [_cells(row, notes) for row in self._totals()]
        feet = [f"[{n}] {text}" for text, n in notes.items()]
        if form == "md":
            lines = [_HEADER, tuple("--" for _ in _HEADER), *cells]
            table = ["| " + " | ".join(map(_escaped, line)) + " |" for line in lines]
            return "\n".join([*table, "", *(f"- {_escaped(foot)}" for foot in feet)]).rstrip()
        return "\n".join([printable(self.title), "", aligned(cells, _HEADER), "", *feet]).rstrip()

    def __str__(self) -> str:
        return self.render()

    def _totals(self) -> list[ScoreRow]:
        return [row for row in self.rows if row.class_name is None]


def check_form(form: str) -> None:
    """Raise ``UsageError`` for a format that no report has."""
    if form not in FORMS:
        raise UsageError(f"There is no format {form!r}.", hint=did_you_mean(form, FORMS))


def _cells(row: ScoreRow, notes: dict[str, int]) -> tuple[str, ...]:
    value = "" if row.value is None else number(row.value)
    if row.std is not None:
        value += f" ± {number(row.std)}"
    network = row.extractor_id or ""
    if row.weights_sha256:
        network += f" {row.weights_sha256[:8]}"
    real = "" if row.n_real is None else f"{row.n_real} {row.reference_split or ''}"
    texts = caveats_of(row.note)
    if row.status != "ok":
        texts = [row.error_message or row.error_type or "no reason was given"]
    marks = [notes.setdefault(printable(text), len(notes) + 1) for text in texts]
    return (
        row.metric,
        f"{value} {row.unit}".strip() if row.status == "ok" else row.status,
        _BETTER[row.direction],
        "" if row.n_generated is None else str(row.n_generated),
        real.strip(),
        network,
        " ".join(f"[{mark}]" for mark in marks),
    )


def _csv(rows: Sequence[dict[str, Any]], safe: bool) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        cells = {name: safe_cell(value) for name, value in row.items()} if safe else row
        writer.writerow(cells)
    return out.getvalue().rstrip("\n")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
