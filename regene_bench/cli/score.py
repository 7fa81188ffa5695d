"""``regene-bench score``: images that another program made, by a benchmark's metrics."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from regene_bench.base.text import say
from regene_bench.cli.options import (
    Data,
    Device,
    SafeCells,
    complete_benchmarks,
    complete_metrics,
)


def score(
    samples: Annotated[
        Path,
        typer.Argument(
            help="A folder of images or of class folders, a zip or tar of one, a folder of "
            "WebDataset's shards, a .parquet, .npz, .npy, .safetensors or .pt, or a .csv with a "
            "column a pixel."
        ),
    ],
    against: Annotated[
        str,
        typer.Option(
            help="A benchmark's name, or the path of a protocol (my.toml).",
            autocompletion=complete_benchmarks,
        ),
    ] = "",
    against_stats: Annotated[
        str,
        typer.Option(
            help="In place of a benchmark, mean and covariance of real images' features: a .npz "
            "with mu and sigma, or clean-fid:NAME/SPLIT.",
        ),
    ] = "",
    extractor: Annotated[
        str, typer.Option(help="The extractor that these statistics were made with.")
    ] = "",
    labels: Annotated[
        str,
        typer.Option(
            help="A file of labels (.npy, .txt, .csv), or the name of a Parquet column or of an "
            ".npz array; none: folders are no classes, -1 is no label. Default: class folders, or "
            "a column or array of a usual name."
        ),
    ] = "",
    metrics: Annotated[
        str,
        typer.Option(
            help="Metrics, with options: 'fid,kid[extractor=inception]'. Default: the benchmark's.",
            autocompletion=complete_metrics,
        ),
    ] = "",
    preset: Annotated[
        str, typer.Option(help="quick, standard or paper. Default: the benchmark's.")
    ] = "",
    name: Annotated[str, typer.Option(help="What leaderboards call the samples.")] = "samples",
    results: Annotated[
        Path | None,
        typer.Option(help="Folder of results to add them to. Default: the table is only shown."),
    ] = None,
    data: Data = None,
    device: Device = "auto",
    devices: Annotated[
        str,
        typer.Option(help="Devices that compute features together: cuda:0,cuda:1, or all."),
    ] = "",
    resize: Annotated[
        bool, typer.Option("--resize", help="Resize images of other sizes (bicubic).")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Name files that cannot be decoded, leave them out.")
    ] = False,
    split: Annotated[
        str, typer.Option(help="Score one of several splits: train, test, validation, …")
    ] = "",
    image_column: Annotated[
        str, typer.Option(help="The Parquet column of images. Default: image or img.")
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Decode the benchmark's data again.")
    ] = False,
    parity: Annotated[
        bool, typer.Option("--parity", help="Compute the scores with other libraries, too.")
    ] = False,
    form: Annotated[str, typer.Option("--format", help="table, md, csv or json.")] = "table",
    safe_cells: SafeCells = False,
) -> None:
    """Score images that another program made."""
    from regene_bench.samples.report import check_form

    check_form(form)

    from regene_bench.runtime.progress import progress_sink
    from regene_bench.runtime.stop import StopRequest, stop_on_signals
    from regene_bench.samples import score as scoring

    stop = StopRequest()
    with progress_sink() as emit, stop_on_signals(stop, emit, ends_process=True):
        report = scoring.score(
            samples,
            against,
            labels or None,
            against_stats=against_stats,
            extractor=extractor,
            metrics=metrics,
            preset=preset,
            name=name,
            results=results,
            data=tuple(data or ()),
            device=device,
            devices=devices,
            resize=resize,
            skip_bad=skip_bad,
            split=split,
            image_column=image_column,
            force=force,
            parity=parity,
            emit=emit,
            stop=stop,
        )
    say(report.render(form, safe_cells=safe_cells))
    if parity:
        from regene_bench.samples.parity.table import table_of

        # tables for programs stay whole
        say("\n" + table_of(report.parity), file=None if form == "table" else sys.stderr)
    if report.part is not None:
        command = shlex.join(["regene-bench", "leaderboard", report.record.benchmark])
        command += "" if results == Path("results") else f" --results {shlex.quote(str(results))}"
        what = "Its leaderboard" if against_stats else "Beside trained methods"
        say(f"Written to {report.part}. {what}:\n  {command}", file=sys.stderr)
    raise typer.Exit(report.exit_code)
