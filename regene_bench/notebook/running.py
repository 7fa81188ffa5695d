"""``regene_bench.run``: the command line's ``run``, from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from regene_bench.base.events import Sink
from regene_bench.harness.campaign import run_campaign
from regene_bench.harness.options import make_options
from regene_bench.notebook.leaderboard import Leaderboard
from regene_bench.runtime.progress import watched
from regene_bench.runtime.stop import StopRequest


def run(
    benchmark: Path | str,
    *,
    methods: str | Sequence[str] = "",
    seeds: str | int | Sequence[int] = 1,
    preset: str = "",
    metrics: str | Sequence[str] = "",
    settings: Mapping[str, Mapping[str, Any]] | Sequence[str] | None = None,
    results: Path | str = "results",
    data: Path | str | Sequence[Path | str] = (),
    device: str = "auto",
    devices: str | Sequence[str] = "",
    mixed_devices: bool = False,
    precision: str = "auto",
    fast: bool = False,
    captured: bool = False,
    time_limit: float | str | None = None,
    run_timeout: float | str | None = None,
    checkpoint_every: float | str = 30.0,
    workers: int | None = None,
    executor: str = "",
    executor_options: Sequence[str] | Mapping[str, Any] = (),
    log: str | Sequence[str] = "",
    force: bool = False,
    emit: Sink | None = None,
) -> Leaderboard:
    """Train, generate and measure, and return the leaderboard of the benchmark.

    What is finished is kept: calling again adds what is missing. A run that fails is on the
    leaderboard with its reason, and the other runs go on.

    Args:
        benchmark: A benchmark's name, or the path of a protocol (``my.toml``).
        methods: Methods with grids, ``["regene", "cgan[noise_dim=0:128:2]"]`` or the same with
            commas in one text; the benchmark's list if empty.
        seeds: How many, or which; also as a text, ``"0,1,2"``.
        preset: ``quick``, ``standard`` or ``paper``; the benchmark's default if empty.
        metrics: ``["fid", "kid[extractor=inception]"]``; the benchmark's if empty.
        settings: Parameters by method, ``{"cgan": {"epochs": 3}}``, or ``["cgan.epochs=3"]``.
        results: Folder of results.
        data: A folder to look for data in before the usual places, or several.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        devices: Devices that share the runs, ``["cuda:0", "cuda:1"]`` or ``"all"``; each has
            ``workers`` processes, one if not given.
        mixed_devices: Whether these may be of several models.
        precision: ``auto``, ``float32``, ``bfloat16``.
        fast: Train by the fastest kernels, be they deterministic or not.
        captured: Capture training steps as CUDA graphs where they can be; a GPU alone does.
        time_limit: Seconds (540), or a text (``"9m"``, ``"2h"``), after which training is saved and
            ``Interrupted`` is raised.
        run_timeout: In the same forms. A run that takes longer is a failed row, and the next one
            begins; runs are carried out in worker processes, one unless ``workers`` says more.
        checkpoint_every: Time between checkpoints, in the same forms.
        workers: Runs at once, each in a process of one thread.
        executor: ``serial``, ``stacked``, ``workers``, or the name of a registered executor; if
            empty, ``workers`` where their number or several devices are given, else ``serial``.
        executor_options: Options of a registered executor, ``{"num_gpus": 0.5}``, or
            ``["num_gpus=0.5"]``.
        log: Loggers of runs, ``["tensorboard", "mlflow"]``; each needs its library.
        force: Decode the data again and repeat finished runs.
        emit: Takes progress events; bars on a terminal and nothing elsewhere if not given.

    Returns:
        The leaderboard, with all runs of the benchmark and preset that the folder holds. A
        notebook shows it as a table with pictures; ``print`` shows it as text.

    Raises:
        RegeneBenchError: Bad usage, configuration or data; nothing ran. Its ``hint`` says what to
            do next.
        Interrupted: A stop was asked for (Ctrl-C, ``time_limit``); nothing is lost, and the same
            call goes on.
    """
    options = make_options(
        methods=methods,
        seeds=seeds,
        preset=preset,
        metrics=metrics,
        settings=settings,
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
        executor_options=executor_options,
        workers=workers,
        log=log,
    )
    stop = StopRequest(options.time_limit)
    with watched(emit, stop) as sink:
        outcome = run_campaign(str(benchmark), options, sink, stop)
    protocol = outcome.benchmark
    by = {protocol.name: protocol.evaluation.rank_by}
    return Leaderboard.read(results, protocol.name, preset=outcome.preset, by=by)
