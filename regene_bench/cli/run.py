"""``regene-bench run``."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regene_bench.base.text import say
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
    Settings,
    TimeLimit,
    Workers,
    complete_benchmarks,
    complete_methods,
    complete_metrics,
)
from regene_bench.cli.stoppable import stoppable

if TYPE_CHECKING:
    from regene_bench.harness.campaign import Outcome
    from regene_bench.harness.options import Options


def run(
    benchmark: Annotated[
        str,
        typer.Argument(
            help="A benchmark's name, or the path of a protocol (my.toml).",
            autocompletion=complete_benchmarks,
        ),
    ],
    methods: Annotated[
        str,
        typer.Option(
            help="Methods, with grids: 'regene,cgan[noise_dim=0:128:2]'. "
            "Default: the benchmark's list.",
            autocompletion=complete_methods,
        ),
    ] = "",
    seeds: Annotated[str, typer.Option(help="A count (3) or a list (0,1,2).")] = "1",
    preset: Annotated[
        str, typer.Option(help="quick, standard or paper. Default: the benchmark's.")
    ] = "",
    metrics: Annotated[
        str,
        typer.Option(
            help="Metrics, with options: 'fid,kid[extractor=inception]'. Default: the benchmark's; "
            "what was measured before is kept.",
            autocompletion=complete_metrics,
        ),
    ] = "",
    set_: Settings = None,
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
    force: Annotated[
        bool, typer.Option("--force", help="Decode the data again, repeat finished runs.")
    ] = False,
) -> None:
    """Train, generate and measure; then show the table."""
    from regene_bench.harness.campaign import run_campaign
    from regene_bench.harness.options import make_options

    options = make_options(
        methods=methods,
        seeds=seeds,
        preset=preset,
        metrics=metrics,
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
        force=force,
        executor=executor,
        executor_options=executor_option,
        workers=workers,
        log=log,
    )
    with stoppable(options.time_limit) as (emit, stop):
        outcome = run_campaign(benchmark, options, emit, stop)
    with suppress(BrokenPipeError):  # nobody reads the table; the runs are what they are
        _report(outcome, options)
    raise typer.Exit(outcome.exit_code)


def _report(outcome: Outcome, options: Options) -> None:
    from regene_bench.cli.leaderboard import print_boards

    if outcome.kept:
        say(f"{len(outcome.kept)} finished runs were kept; --force repeats them.", file=sys.stderr)
    print_boards(options.results, outcome.benchmark, preset=outcome.preset)
    for record in outcome.ran:
        if record.status == "failed":
            say(
                f"failed: {record.method} (seed {record.seed}): {record.why}",
                file=sys.stderr,
            )
            if record.traceback_path:
                say(f"  traceback: {options.results / record.traceback_path}", file=sys.stderr)
