"""``regene-bench plot``: the charts of the results as files for papers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regene_bench.base.errors import UsageError
from regene_bench.base.text import say
from regene_bench.cli.options import RankedBy, SafeCells


def plot(
    out: Annotated[Path, typer.Argument(help="Folder to write the charts to.")],
    results: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Folders of results, or Parquet files. Default: results.", show_default=False
        ),
    ] = None,
    form: Annotated[str, typer.Option("--format", help="svg, png or pdf.")] = "svg",
    benchmark: Annotated[str, typer.Option(help="Draw this benchmark only.")] = "",
    preset: Annotated[str, typer.Option(help="Draw this preset only.")] = "",
    by: RankedBy = "",
    only: Annotated[
        str,
        typer.Option(help="Draw these kinds only, of cost, class, agreement, sweep; with commas."),
    ] = "",
    safe_cells: SafeCells = False,
) -> None:
    """Draw the charts that `publish site` shows as PNG, SVG or PDF.

    Tables that belong to a chart, such as the pairs on which metrics disagree, lie beside it as
    CSV.
    """
    from regene_bench.base.errors import did_you_mean
    from regene_bench.base.files import write_atomically
    from regene_bench.charts.collect import KINDS, charts_of_table
    from regene_bench.charts.draw import FORMATS, draw
    from regene_bench.cli.publish import read_sources
    from regene_bench.leaderboard.merge import merge
    from regene_bench.leaderboard.render import csv_text
    from regene_bench.plugins.host import load_plugins

    if form not in FORMATS:
        raise UsageError(f"There is no format {form!r}.", hint=did_you_mean(form, FORMATS))
    kinds = [name.strip() for name in only.split(",") if name.strip()] or list(KINDS)
    for kind in kinds:
        if kind not in KINDS:
            raise UsageError(f"There is no chart {kind!r}.", hint=did_you_mean(kind, KINDS))
    table = merge(read_sources(results or [Path("results")])).table
    count = 0
    for stem, chart in charts_of_table(table, load_plugins(), benchmark, preset, by, kinds):
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"{stem}.{form}"
        write_atomically(path, draw(chart, form))
        say(f"{path}  {chart.title}")
        for own in chart.tables:
            beside = out / f"{stem}-{own.name}.csv"
            write_atomically(beside, csv_text(own.header, own.rows, safe=safe_cells).encode())
            say(f"{beside}  {own.title}")
        count += 1
    if not count:
        raise UsageError(
            "There is nothing to draw.",
            hint="A chart needs two trained methods, three values of a parameter, "
            "scores per class, or four lines that two metrics rank.",
        )
