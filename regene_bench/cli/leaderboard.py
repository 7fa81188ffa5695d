"""``regene-bench leaderboard``: ranked tables of the results."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regene_bench.base.collecting import without_collecting
from regene_bench.base.errors import UsageError, did_you_mean
from regene_bench.base.text import say
from regene_bench.cli.options import RankedBy, Results, SafeCells, complete_benchmarks
from regene_bench.plugins.host import load_plugins

if TYPE_CHECKING:
    import pyarrow as pa

    from regene_bench.leaderboard.board import Board
    from regene_bench.leaderboard.reading import BadPart
    from regene_bench.plan.protocol import Benchmark

_FORMATS = ("table", "md", "csv", "json", "latex")
_NARROW = 100


def leaderboard(
    benchmark: Annotated[
        str,
        typer.Argument(
            help="Show this benchmark only.",
            autocompletion=complete_benchmarks,
            show_default=False,
        ),
    ] = "",
    results: Results = Path("results"),
    form: Annotated[str, typer.Option("--format", help="table, md, csv, json or latex.")] = "table",
    by: RankedBy = "",
    preset: Annotated[str, typer.Option(help="Show this preset only.")] = "",
    per_class: Annotated[
        bool, typer.Option("--per-class", help="Show the scores of each class.")
    ] = False,
    columns: Annotated[
        str, typer.Option(help="Only these columns, by label or metric, with commas between.")
    ] = "",
    no_costs: Annotated[
        bool, typer.Option("--no-costs", help="Leave out times, speeds and memory.")
    ] = False,
    safe_cells: SafeCells = False,
) -> None:
    """Show ranked tables of the results."""
    from regene_bench.leaderboard.columns import with_columns

    if form not in _FORMATS:
        raise UsageError(f"There is no format {form!r}.", hint=did_you_mean(form, _FORMATS))
    table = _rows_of_boards(results, per_class)
    known = set(table["benchmark"].unique().to_pylist())
    if benchmark and benchmark not in known:
        hint = did_you_mean(benchmark, known) if known else f"Try `regene-bench run {benchmark}`."
        raise UsageError(f"{results} has no runs of {benchmark!r}.", hint=hint)
    if not known:
        raise UsageError(f"{results} has no runs.", hint="Try `regene-bench run digits`.")
    with without_collecting():
        boards = _boards(_select(table, benchmark, preset), by, per_class)
    if not boards:
        what = "per-class scores" if per_class else "runs"
        raise UsageError(f"There are no such {what} in {results}.", hint="Leave out an option.")
    wanted = [name.strip() for name in columns.split(",") if name.strip()]
    boards = with_columns(boards, wanted) if wanted else boards
    _write(boards, form, safe_cells, costs=not no_costs)


def print_boards(results: Path, benchmark: Benchmark, *, preset: str = "") -> None:
    """Print the tables of one benchmark on the terminal, ranked as its protocol says."""
    from regene_bench.leaderboard.ranking import make_boards

    table = _select(_rows_of_boards(results), benchmark.name, preset)
    _write(make_boards(table, {benchmark.name: benchmark.evaluation.rank_by}), "table")


def read_results(results: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read all parts, or some columns of them, and name those that were skipped on stderr."""
    from regene_bench.leaderboard.parts import read_parts

    table, bad = read_parts(results, columns=columns)
    _name(bad)
    return table


def _rows_of_boards(results: Path, per_class: bool = False) -> pa.Table:
    """Read what boards are made of, and name the parts that were skipped on stderr."""
    from regene_bench.leaderboard.aggregate import USED
    from regene_bench.leaderboard.totals import read_totals

    if per_class:
        return read_results(results, USED)
    table, bad = read_totals(results)
    _name(bad)
    return table


def _name(bad: Sequence[BadPart]) -> None:
    for part in bad:
        say(f"skipped {part.path}: {part.reason}", file=sys.stderr)


def _select(table: pa.Table, benchmark: str, preset: str) -> pa.Table:
    import pyarrow.compute as pc

    for column, value in (("benchmark", benchmark), ("preset", preset)):
        if value:
            table = table.filter(pc.equal(table[column], value))
    return table


def _boards(table: pa.Table, by: str, per_class: bool) -> list[Board]:
    from regene_bench.leaderboard.ranking import make_boards, make_class_boards

    if per_class:
        return make_class_boards(table, by or None)
    return make_boards(table, by or _rank_metrics(table))


def _rank_metrics(table: pa.Table) -> dict[str, str]:
    from regene_bench.plan.protocol import installed_protocols, rank_metrics

    names = table["benchmark"].unique().to_pylist()
    return rank_metrics(installed_protocols(load_plugins(), names))


def _write(boards: list[Board], form: str, safe_cells: bool = False, *, costs: bool = True) -> None:
    from regene_bench.leaderboard.render import print_tables, render

    if form != "table":
        say(render(boards, form, safe_cells=safe_cells, costs=costs), end="")
        return
    from rich.console import Console

    console = Console()
    # a pipe has no width of its own; rich would take 80
    chosen = console if console.is_terminal else Console(width=_NARROW)
    print_tables(boards, chosen, costs=costs)
