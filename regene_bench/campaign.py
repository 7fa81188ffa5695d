"""A whole call: benchmark and selections in, leaderboard parts out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from regene_bench.benchmark import Benchmark, load_benchmark
from regene_bench.comparison import Comparison, make_comparison
from regene_bench.errors import (
    EXIT_ALL_FAILED,
    EXIT_OK,
    EXIT_SOME_FAILED,
    UsageError,
    did_you_mean,
)
from regene_bench.evaluation.shelf import ExtractorShelf
from regene_bench.events import RunFinished, RunStarted, Sink, silent
from regene_bench.executors.serial import serial
from regene_bench.harness import Setting, checkpoint_folder, execute, run_folder
from regene_bench.interfaces import Preset
from regene_bench.leaderboard.parts import (
    check_writable,
    part_path,
    read_run,
    run_states,
    write_part,
)
from regene_bench.leaderboard.record import RunRecord
from regene_bench.loading import load_data
from regene_bench.locks import exclusive
from regene_bench.measuring import NamedMetric
from regene_bench.metric_choice import check_extractor_tables, choose_metrics
from regene_bench.paths import DEFAULT_RESULTS, cache_dir
from regene_bench.plan import Choice, Run, check_preset, choose, identify
from regene_bench.plugins import PluginHost, load_plugins
from regene_bench.resumption import (
    forget_training,
    is_available,
    unmeasured,
    with_earlier_scores,
)
from regene_bench.runtime import Runtime, choose_device, choose_precision, make_deterministic
from regene_bench.selection import Selection, parse_seeds, parse_selections, parse_settings
from regene_bench.stop import StopRequest
from regene_bench.training.checkpoints import CheckpointStore

Executor = Callable[[Sequence[Run], Callable[[Run], RunRecord]], Iterator[RunRecord]]


@dataclass(frozen=True)
class Options:
    """What a user can ask of ``regene-bench run``.

    Attributes:
        methods: ``regene,cgan[noise_dim=0:128:2]``; the benchmark's own list where empty.
        seeds: ``3`` or ``0,1,2``.
        preset: ``quick``, ``standard`` or ``paper``; the benchmark's own default where empty.
        metrics: ``fid,kid[extractor=inception]``; the benchmark's own list where empty.
        settings: ``method.key=value`` items.
        results: The results folder.
        data: Folders to look for data in, before ``$REGENE_BENCH_DATA``.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        precision: ``auto``, ``float32``, ``bfloat16``.
        time_limit: Seconds after which training is saved and the call ends.
        checkpoint_seconds: Time between checkpoints.
        force: Repeat runs that are finished.
        executor: ``serial``, or the name of a registered executor.
    """

    methods: str = ""
    seeds: str = "1"
    preset: str = ""
    metrics: str = ""
    settings: tuple[str, ...] = ()
    results: Path = DEFAULT_RESULTS
    data: tuple[Path, ...] = ()
    device: str = "auto"
    precision: str = "auto"
    time_limit: float | None = None
    checkpoint_seconds: float = 30.0
    force: bool = False
    executor: str = "serial"


@dataclass
class Outcome:
    """What a call did.

    Attributes:
        benchmark: The protocol that was run.
        preset: The preset that was used.
        ran: Records of the runs of this call.
        kept: Ids of runs that were finished before.
    """

    benchmark: Benchmark
    preset: Preset
    ran: list[RunRecord] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0, or 3 if some runs or metrics failed, or 4 if all runs of this call failed."""
        failed = [record for record in self.ran if record.status == "failed"]
        if self.ran and len(failed) == len(self.ran) and not self.kept:
            return EXIT_ALL_FAILED
        metrics = any(score.status == "failed" for record in self.ran for score in record.scores)
        return EXIT_SOME_FAILED if failed or metrics else EXIT_OK


def run_campaign(
    benchmark_name: str,
    options: Options,
    emit: Sink = silent,
    stop: StopRequest | None = None,
) -> Outcome:
    """Run a benchmark.

    Everything that can be wrong in names, parameters and folders is found before data are read;
    every finished run is on disk before the next begins.

    Raises:
        RegeneBenchError: Bad usage, configuration or data; nothing ran.
        Interrupted: A stop was asked for; calling again goes on where this call ended.
    """
    stop = stop or StopRequest(options.time_limit)
    host = load_plugins()
    benchmark = load_benchmark(host, benchmark_name)
    preset = check_preset(options.preset or benchmark.default_preset)
    choices = _choose(host, benchmark, preset, options)
    metrics = choose_metrics(host, benchmark, options.metrics)
    check_extractor_tables(host, benchmark)
    executor = _executor(host, options.executor)
    host.find("dataset", benchmark.data.source)
    device = choose_device(options.device)
    precision = choose_precision(options.precision, device)
    check_writable(options.results)
    make_deterministic()

    host_runtime = Runtime(
        device=device,
        precision=precision,
        seed=0,
        checkpoints=CheckpointStore(cache_dir(), options.checkpoint_seconds),
        stop=stop,
        emit=emit,
        task=benchmark.name,
    )
    data = load_data(host, benchmark, options.data, host_runtime)
    runs = identify(choices, benchmark, preset, data.fingerprint)
    shelf = ExtractorShelf(
        lambda name: host.find("feature_extractor", name).load(),
        benchmark.presets[preset].extractors,
        data,
        host_runtime,
    )
    outcome = Outcome(benchmark, preset)
    states = {} if options.force else run_states(options.results, benchmark.name)
    missing = {run.run_id: unmeasured(states.get(run.run_id), metrics, shelf) for run in runs}
    outcome.kept += [run_id for run_id, names in missing.items() if not names]
    pending = [run for run in runs if missing[run.run_id]]
    if pending:
        comparison = make_comparison(benchmark, preset, data)
        _warm(shelf, metrics, comparison)
        setting = Setting(
            results=options.results,
            data=data,
            comparison=comparison,
            shelf=shelf,
            metrics=metrics,
            device=device,
            precision=precision,
            checkpoint_seconds=options.checkpoint_seconds,
            stop=stop,
            emit=emit,
        )
        if options.force:
            for run in pending:
                part = part_path(options.results, benchmark.name, run.run_id)
                forget_training(checkpoint_folder(options.results, run.run_id), part)
        one = _observed(host, setting, pending, missing)
        for record in executor(pending, one):
            outcome.ran.append(record)
    host.notify("campaign_finished", results=str(options.results))
    return outcome


def _choose(
    host: PluginHost, benchmark: Benchmark, preset: Preset, options: Options
) -> list[Choice]:
    seeds = parse_seeds(options.seeds)
    settings = parse_settings(options.settings)
    selections: list[Selection] = (
        parse_selections(options.methods)
        if options.methods
        else [Selection(name, ({},)) for name in benchmark.default_methods]
    )
    return choose(host, benchmark, selections, seeds, preset, settings)


def _executor(host: PluginHost, name: str) -> Executor:
    if name == "serial":
        return serial
    known = [entry.name for entry in host.entries("executor")]
    if name not in known:
        raise UsageError(f"Unknown executor {name!r}.", hint=did_you_mean(name, ["serial", *known]))
    executor: Executor = host.find("executor", name).load()
    return executor


def _warm(shelf: ExtractorShelf, metrics: Sequence[NamedMetric], comparison: Comparison) -> None:
    """Prepare extractors and real features before the first run, which would pay for all else."""
    for named in metrics:
        for name in named.metric.extractors:
            if is_available(shelf, name):
                shelf.real(name, comparison.real(named.metric.reference))


def _observed(
    host: PluginHost,
    setting: Setting,
    runs: Sequence[Run],
    missing: Mapping[str, Sequence[NamedMetric]],
) -> Callable[[Run], RunRecord]:
    """Wrap ``execute`` with what must happen around every run, whatever executor calls it."""
    numbers = {run.run_id: number for number, run in enumerate(runs, 1)}

    def one(run: Run) -> RunRecord:
        setting.emit(RunStarted(run.run_id, run.title, numbers[run.run_id], len(runs)))
        identity = _identity(run)
        host.notify("run_started", run=identity)
        started = time.monotonic()
        lock = run_folder(setting.results, run.run_id) / "lock"
        with exclusive(lock, f"runs {run.title}", setting.stop, setting.emit) as waited:
            part = part_path(setting.results, run.benchmark.name, run.run_id)
            if waited and part.exists():
                record = read_run(setting.results, run.run_id)
            else:
                record = execute(run, replace(setting, metrics=missing[run.run_id]))
                if part.exists() and len(missing[run.run_id]) < len(setting.metrics):
                    record = with_earlier_scores(record, read_run(setting.results, run.run_id))
                write_part(setting.results, record)
        host.notify("run_finished", run=identity, status=record.status)
        seconds = time.monotonic() - started
        setting.emit(
            RunFinished(run.run_id, run.title, record.status, seconds, record.error_message or "")
        )
        return record

    return one


def _identity(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "benchmark": run.benchmark.name,
        "preset": run.preset,
        "method": run.entry.name,
        "params": run.params,
        "seed": run.seed,
    }
