"""A whole call: benchmark and selections in, leaderboard parts out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from regene_bench.base.errors import EXIT_ALL_FAILED, EXIT_OK, EXIT_SOME_FAILED
from regene_bench.base.events import Message, RunFinished, RunStarted, Sink, silent
from regene_bench.data.shapes import Preset
from regene_bench.evaluation.comparison import Comparison
from regene_bench.evaluation.feature_cache import ExtractorShelf
from regene_bench.evaluation.metric import NamedMetric
from regene_bench.harness.executors.job import CarryOut, Job
from regene_bench.harness.executors.serial import serial
from regene_bench.harness.finished import (
    forget_training,
    is_available,
    unmeasured,
    with_earlier_scores,
)
from regene_bench.harness.force import Repetition
from regene_bench.harness.options import Options
from regene_bench.harness.prepare import Campaign, prepare
from regene_bench.harness.run import (
    Setting,
    checkpoint_folder,
    execute,
    execute_together,
    run_folder,
)
from regene_bench.harness.shared_training import take_over_training
from regene_bench.leaderboard.parts import (
    part_path,
    read_own_part,
    run_states,
    states_of,
    write_part,
)
from regene_bench.leaderboard.record import RunRecord
from regene_bench.plan.protocol import Benchmark
from regene_bench.plan.runs import Run
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.locks import exclusive
from regene_bench.runtime.stop import StopRequest


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

    Raises:
        RegeneBenchError: Bad usage, configuration or data; nothing ran.
        Interrupted: A stop was asked for; calling again goes on where this call ended.
    """
    stop = stop or StopRequest(options.time_limit)
    return carry_out(prepare(benchmark_name, options, emit, stop))


def carry_out(campaign: Campaign) -> Outcome:
    """Train, generate and measure what is missing, and tell observers when all is done.

    Raises:
        Interrupted: A stop was asked for; calling again goes on where this call ended.
    """
    outcome = carry_out_runs(campaign)
    campaign.host.notify("campaign_finished", results=str(campaign.setting.results))
    return outcome


def carry_out_runs(campaign: Campaign) -> Outcome:
    """Train, generate and measure what is missing; every finished run is on disk before the next.

    Raises:
        Interrupted: A stop was asked for; calling again goes on where this call ended.
    """
    setting, benchmark = campaign.setting, campaign.benchmark
    outcome = Outcome(benchmark, campaign.preset)
    force = campaign.options.force
    states = {} if force else run_states(setting.results, benchmark.name)
    missing: dict[str, Sequence[NamedMetric]] = {
        run.run_id: unmeasured(states.get(run.run_id), setting.metrics, setting.shelf)
        for run in campaign.runs
    }
    repetition = Repetition(setting.results, list(missing)) if force else None
    if repetition is not None and repetition.goes_on:
        missing |= {run_id: [] for run_id in missing.keys() - repetition.left}
        setting.emit(Message(f"going on to repeat {len(repetition.left)} of {len(missing)} runs"))
    outcome.kept += [run_id for run_id, names in missing.items() if not names]
    pending = [run for run in campaign.runs if missing[run.run_id]]
    if pending:
        _warm(setting.shelf, setting.metrics, setting.comparison)
        if repetition is not None:
            repetition.begin()
            for run in pending:
                part = part_path(setting.results, benchmark.name, run.run_id)
                forget_training(checkpoint_folder(setting.results, run.run_id), part)
        some = _observed(campaign.host, setting, pending, missing, anew=force)

        def one(run: Run) -> RunRecord:
            (record,) = some([run])
            return record

        job = Job(
            runs=pending,
            execute=one,
            execute_together=some,
            benchmark=campaign.name,
            options=campaign.options,
            stop=setting.stop,
            emit=setting.emit,
            reopen=reopen,
        )
        for record in campaign.executor(job):
            outcome.ran.append(record)
            if repetition is not None:
                repetition.done(record.run_id)
    return outcome


def _warm(shelf: ExtractorShelf, metrics: Sequence[NamedMetric], comparison: Comparison) -> None:
    """Prepare extractors and real features before the first run, which would pay for all else."""
    for named in metrics:
        for name in named.metric.extractors:
            if is_available(shelf, name) and named.metric.compares_features:
                shelf.real(name, comparison.real(named.metric.reference))


def _observed(
    host: PluginHost,
    setting: Setting,
    runs: Sequence[Run],
    missing: Mapping[str, Sequence[NamedMetric]],
    *,
    anew: bool,
) -> Callable[[Sequence[Run]], Iterator[RunRecord]]:
    """Wrap ``execute`` with what must happen around every run, whatever executor calls it.

    With ``anew``, every run is trained, even if another one of the same training is there.
    """
    numbers = {run.run_id: number for number, run in enumerate(runs, 1)}
    results = setting.results

    def stamp_of(run: Run) -> tuple[int, int] | None:
        try:
            found = part_path(results, run.benchmark.name, run.run_id).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def written(run: Run) -> RunRecord | None:
        return read_own_part(results, run.benchmark.name, run.run_id)

    stamps = {run.run_id: stamp_of(run) for run in runs}

    def still_missing(run: Run) -> Sequence[NamedMetric]:
        """What another call, if it wrote the part since this one began, has left to measure."""
        record = written(run) if stamp_of(run) != stamps[run.run_id] else None
        if record is None:
            return missing[run.run_id]
        if record.status == "failed":  # a moment ago: it would fail again
            return []
        return unmeasured(states_of(record), missing[run.run_id], setting.shelf)

    def carried_out(
        some: Sequence[Run], metrics: Mapping[str, Sequence[NamedMetric]]
    ) -> Iterator[RunRecord]:
        settings = [replace(setting, metrics=metrics[run.run_id]) for run in some]
        if len(some) == 1:
            yield execute(some[0], settings[0])
        else:
            yield from execute_together(some, settings)

    def finished(run: Run, record: RunRecord, started: float) -> RunRecord:
        host.notify("run_finished", run=_identity(run), status=record.status)
        seconds = time.monotonic() - started
        setting.emit(
            RunFinished(run.run_id, run.title, record.status, seconds, record.error_message or "")
        )
        return record

    def together(some: Sequence[Run]) -> Iterator[RunRecord]:
        for run in some:
            setting.emit(RunStarted(run.run_id, run.title, numbers[run.run_id], len(runs)))
            host.notify("run_started", run=_identity(run))
        started = time.monotonic()
        with ExitStack() as locks:
            # always in one order, so that two calls never wait for each other
            for run in sorted(some, key=lambda run: run.run_id):
                lock = run_folder(results, run.run_id) / "lock"
                one = exclusive(lock, f"runs {run.title}", setting.stop, setting.emit)
                locks.enter_context(one)
            needed = {run.run_id: still_missing(run) for run in some}
            earlier = {run.run_id: written(run) for run in some}
            pending = [run for run in some if needed[run.run_id]]
            for run in some:
                record = earlier[run.run_id]
                if run not in pending and record is not None:
                    yield finished(run, record, started)
            if not pending:
                return
            if not anew:
                for run in pending:
                    take_over_training(run, setting)
            for run, new in zip(pending, carried_out(pending, needed), strict=True):
                before = None if anew else earlier[run.run_id]
                if before is not None:
                    new = with_earlier_scores(new, before, needed[run.run_id])
                write_part(results, new)
                yield finished(run, new, started)

    return together


def _identity(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "benchmark": run.benchmark.name,
        "preset": run.preset,
        "method": run.entry.name,
        "params": run.params,
        "seed": run.seed,
    }


def reopen(
    benchmark: str, options: Options, emit: Sink, stop: StopRequest
) -> tuple[Mapping[str, str], CarryOut]:
    """Prepare a call again in another process: titles by run id, and what carries one run out."""
    campaign = prepare(benchmark, options, emit, stop)
    runs = {run.run_id: run for run in campaign.runs}

    def carry_out_one(run_id: str) -> list[RunRecord]:
        return carry_out_runs(replace(campaign, runs=[runs[run_id]], executor=serial)).ran

    return {run_id: run.title for run_id, run in runs.items()}, carry_out_one
