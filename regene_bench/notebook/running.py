"""``regene_bench.run``: the command line's ``run``, from Python."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from regene_bench.base.events import Sink, silent
from regene_bench.harness.campaign import run_campaign
from regene_bench.harness.options import make_options
from regene_bench.notebook.leaderboard import Leaderboard
from regene_bench.runtime.progress import progress_sink
from regene_bench.runtime.stop import StopRequest, stop_on_signals


def run(
    benchmark: str,
    *,
    methods: str | Sequence[str] = "",
    seeds: int | Sequence[int] = 1,
    preset: str = "",
    metrics: str | Sequence[str] = "",
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    results: Path | str = "results",
    data: Sequence[Path | str] = (),
    device: str = "auto",
    precision: str = "auto",
    time_limit: float | None = None,
    executor: str = "serial",
    workers: int | None = None,
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
        seeds: How many, or which.
        preset: ``quick``, ``standard`` or ``paper``; the benchmark's default if empty.
        metrics: ``["fid", "kid[extractor=inception]"]``; the benchmark's if empty.
        settings: Parameters by method, ``{"cgan": {"epochs": 3}}``.
        results: Folder of results.
        data: Folders to look for data in, before the usual places.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        precision: ``auto``, ``float32``, ``bfloat16``.
        time_limit: Seconds after which training is saved and ``Interrupted`` is raised.
        executor: ``serial``, ``workers``, or the name of a registered executor.
        workers: Processes of the executor ``workers``; one a core if not given.
        force: Repeat finished runs.
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
        precision=precision,
        time_limit=time_limit,
        force=force,
        executor=executor,
        workers=workers,
    )
    stop = StopRequest(time_limit)
    with _shown(emit, stop) as sink:
        outcome = run_campaign(benchmark, options, sink, stop)
    protocol = outcome.benchmark
    by = {protocol.name: protocol.evaluation.rank_by}
    return Leaderboard.read(results, protocol.name, preset=outcome.preset, by=by)


@contextmanager
def _shown(emit: Sink | None, stop: StopRequest) -> Iterator[Sink]:
    """Give a sink for progress, and turn Ctrl-C into a stop that loses nothing."""
    with ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():
            stack.enter_context(stop_on_signals(stop))
        if emit is not None:
            yield emit
        elif sys.stderr.isatty():
            yield stack.enter_context(progress_sink())
        else:
            yield silent
