"""``regene-bench study``."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regene_bench.base.text import say, visible
from regene_bench.cli.options import (
    Captured,
    CheckpointEvery,
    Data,
    Device,
    Devices,
    ExecutorName,
    ExecutorOptions,
    Fast,
    Log,
    MixedDevices,
    Precision,
    Results,
    RunTimeout,
    TimeLimit,
    Workers,
    complete_benchmarks,
    complete_studies,
)
from regene_bench.cli.stoppable import stoppable

if TYPE_CHECKING:
    from regene_bench.studies.conduct import StudyOutcome


def study(
    name: Annotated[
        str,
        typer.Argument(
            help="A study's name (`list studies`), or the path of its file (my.toml).",
            autocompletion=complete_studies,
        ),
    ],
    benchmarks: Annotated[
        str,
        typer.Option(
            help="Run on these (mnist,cifar10) instead of the study's own.",
            autocompletion=complete_benchmarks,
        ),
    ] = "",
    preset: Annotated[str, typer.Option(help="quick, standard or paper. Default: standard.")] = "",
    methods: Annotated[str, typer.Option(help="Other methods than the study's, with grids.")] = "",
    seeds: Annotated[str, typer.Option(help="A count (3) or a list (0,1,2).")] = "",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="A parameter, METHOD.KEY=VALUE, or an option of a figure, "
            "figures.KIND.OPTION=VALUE; may be given again.",
        ),
    ] = None,
    results: Results = Path("results"),
    data: Data = None,
    device: Device = "auto",
    devices: Devices = "",
    mixed_devices: MixedDevices = False,
    precision: Precision = "auto",
    fast: Fast = False,
    captured: Captured = False,
    time_limit: TimeLimit = "",
    run_timeout: RunTimeout = "",
    checkpoint_every: CheckpointEvery = "30s",
    workers: Workers = None,
    executor: ExecutorName = "",
    executor_option: ExecutorOptions = None,
    log: Log = "",
) -> None:
    """Run a whole experiment of a paper, and draw its figures."""
    from regene_bench.harness.options import make_options
    from regene_bench.studies.conduct import run_study

    options = make_options(
        methods=methods,
        seeds=seeds,
        preset=preset,
        settings=set_,
        results=results,
        data=data,
        device=device,
        devices=devices,
        mixed_devices=mixed_devices,
        precision=precision,
        fast=fast,
        captured=captured,
        time_limit=time_limit,
        run_timeout=run_timeout,
        checkpoint_every=checkpoint_every,
        executor=executor,
        executor_options=executor_option,
        workers=workers,
        log=log,
    )
    chosen = [part.strip() for part in benchmarks.split(",") if part.strip()]
    with stoppable(options.time_limit) as (emit, stop):
        outcome = run_study(name, options, chosen, emit, stop)
    with suppress(BrokenPipeError):  # nobody reads the tables; the files are written
        _report(outcome)
    raise typer.Exit(outcome.exit_code)


def _report(outcome: StudyOutcome) -> None:
    from rich.console import Console

    from regene_bench.cli.exhibits import print_table

    console = Console(width=None if sys.stdout.isatty() else 120)
    study = outcome.study
    console.print(
        visible(f"{study.title} ({study.source})"), style="bold", markup=False, highlight=False
    )
    for shown in outcome.shown:
        console.print()
        if shown.exhibit.drawing is None:
            print_table(shown.exhibit, console)
        console.print(visible(shown.exhibit.caption), markup=False, highlight=False)
        for path in shown.files:
            console.print(visible(f"  {path}"), markup=False, highlight=False, soft_wrap=True)
    for one in outcome.outcomes:
        for record in one.ran:
            if record.status == "failed":
                text = f"failed: {record.method} (seed {record.seed}): {record.why}"
                say(text, file=sys.stderr)
    for missed in outcome.missed:
        word = "failed" if missed.failed else "unavailable"
        say(f"The figure {missed.kind} is missing ({word}): {missed.reason}", file=sys.stderr)
