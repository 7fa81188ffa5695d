"""Contracts of executors: every run is carried out once, and its record comes back.

An executor is given runs that train nothing: carrying one out writes a line into a file and makes a
record. It can do so in this process, in others, or wherever else it works.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from regene_bench.base.errors import Interrupted, RegeneBenchError
from regene_bench.base.events import Sink
from regene_bench.harness.executors.executor import Executor, Job, ReopenedJob
from regene_bench.harness.options import Options
from regene_bench.leaderboard.record import RunRecord
from regene_bench.plan.protocol import parse_benchmark
from regene_bench.plan.runs import Run
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.stop import StopRequest
from regene_bench.testing.check import require
from regene_bench.testing.registration import REGISTRATION_CHECKS
from regene_bench.training.method import Method, MethodConfig

_COUNT = 4
_FAILS = "run-1"
_WORKERS = 2
_PROTOCOL = """
name = "check"
version = 1
title = "runs that train nothing"
default_methods = ["nothing"]
[data]
source = "none"
channels = 1
height = 4
width = 4
classes = 2
[evaluation]
metrics = ["none"]
rank_by = "none"
"""
_PRESETS = "".join(
    f"[presets.{name}]\nn_generated = 2\nn_reference = 2\n"
    for name in ("quick", "standard", "paper")
)


class Nothing(Method):
    """A method that trains nothing; every two of its runs could train together."""

    def fit(self, data: object, runtime: object) -> object:
        """Return a model that can do nothing."""
        return object()

    @classmethod
    def batch_key(cls, config: MethodConfig) -> str | None:
        """Put all configurations together."""
        return "all"


def make_runs() -> list[Run]:
    """Some runs of a benchmark that nobody registered, ``run-0`` to ``run-3``."""
    benchmark = parse_benchmark(_PROTOCOL + _PRESETS, "check")
    entry = Entry("method", "nothing", "regene-bench-check", "1", "none:None", "")
    return [
        Run(
            run_id=f"run-{seed}",
            title=f"nothing · seed {seed}",
            benchmark=benchmark,
            preset="quick",
            entry=entry,
            method=Nothing,
            config=MethodConfig(),
            params="{}",
            seed=seed,
            fingerprint="none",
        )
        for seed in range(_COUNT)
    ]


def carry_out(run_id: str, folder: Path, stop: StopRequest) -> RunRecord:
    """Write down that a run is carried out, and make its record; ``run-1`` fails.

    Raises:
        Interrupted: A stop was asked for.
    """
    stop.check()
    with (folder / "carried-out.txt").open("a", encoding="utf-8") as file:
        file.write(f"{run_id}\n")
    return _record_of(run_id, "it fails in every check" if run_id == _FAILS else None)


def _record_of(run_id: str, why: str | None) -> RunRecord:
    """The record of a run, and why it failed if it did."""
    return RunRecord(
        run_id=run_id,
        benchmark="check",
        protocol_version=1,
        preset="quick",
        dataset="none",
        dataset_fingerprint="none",
        method="nothing",
        method_version="1",
        distribution="regene-bench-check",
        distribution_version="1",
        params={},
        seed=int(run_id.removeprefix("run-")),
        status="ok" if why is None else "failed",
        error_type=None if why is None else "MethodError",
        error_message=why,
    )


def reopen(benchmark: str, options: Options, emit: Sink, stop: StopRequest) -> ReopenedJob:
    """Prepare the same runs in another process."""
    titles = {run.run_id: run.title for run in make_runs()}
    return ReopenedJob(titles, lambda run_id: carry_out(run_id, options.results, stop))


class ExecutorSubject:
    """What the checks of executors are called with.

    Args:
        entry: The executor's registration.
        folder: An empty folder.
        host: The installed plugins.
        emit: Called with progress.
    """

    def __init__(self, entry: Entry, folder: Path, host: PluginHost, emit: Sink) -> None:
        self.entry = entry
        self._folder = folder
        self._emit = emit

    @cached_property
    def executor(self) -> Executor:
        """What was registered."""
        executor: Executor = self.entry.load()
        return executor

    @cached_property
    def records(self) -> Sequence[Any]:
        """What it yields for the runs, one of which fails; carried out once for all checks."""
        return list(self.executor(self.job(self._folder, StopRequest())))

    @property
    def carried_out(self) -> list[str]:
        """Ids of the runs that were carried out for ``records``, as often as they were."""
        file = self._folder / "carried-out.txt"
        return sorted(file.read_text(encoding="utf-8").split()) if file.exists() else []

    def job(self, folder: Path, stop: StopRequest) -> Job:
        """Make a job of the runs, carried out with files in a folder."""

        def execute(run: Run) -> RunRecord:
            return carry_out(run.run_id, folder, stop)

        def execute_together(runs: Sequence[Run]) -> Iterator[RunRecord]:
            yield from map(execute, runs)

        def fail(run: Run, error: RegeneBenchError, stack: str) -> RunRecord:
            return _record_of(run.run_id, error.message)

        options = Options(results=folder, executor=self.entry.name, workers=_WORKERS)
        return Job(
            runs=make_runs(),
            execute=execute,
            execute_together=execute_together,
            benchmark="check",
            options=options,
            stop=stop,
            emit=self._emit,
            reopen=reopen,
            fail=fail,
        )

    def folder(self, name: str) -> Path:
        """Make an empty folder."""
        folder = self._folder / name
        folder.mkdir()
        return folder


def every_run_has_its_record(subject: ExecutorSubject) -> None:
    """The executor yields the record of every run of the job, and no other.

    Mend: yield what ``job.execute(run)`` returns, or a worker's ``ReopenedJob.execute(run_id)``;
    never build a record of your own. A run whose ``execute`` gives ``None`` was finished meanwhile.
    """
    for record in subject.records:
        require(isinstance(record, RunRecord), f"it yields {type(record).__name__}: {record!r:.80}")
    found = sorted(record.run_id for record in subject.records)
    asked = sorted(run.run_id for run in make_runs())
    require(found == asked, f"runs {', '.join(asked)} were asked for; records: {', '.join(found)}")


def every_run_is_carried_out_once(subject: ExecutorSubject) -> None:
    """No run is carried out twice, and none is left out.

    Mend: hand each run to one worker; do not try a failed one again, since its record says that it
    failed.
    """
    yielded = len(subject.records)
    asked = sorted(run.run_id for run in make_runs())
    found = subject.carried_out
    require(found == asked, f"carried out: {', '.join(found) or 'none'}; {yielded} records")


def a_failed_run_does_not_end_the_others(subject: ExecutorSubject) -> None:
    """A run that fails is a record with the status ``failed``, and the other runs go on.

    Mend: do not raise where ``record.status`` is ``"failed"``; the campaign's exit code tells of
    it.
    """
    states = {record.run_id: record.status for record in subject.records}
    require(states.get(_FAILS) == "failed", f"the run that fails came back as {states.get(_FAILS)}")
    good = [run_id for run_id, status in states.items() if status == "ok"]
    require(len(good) == _COUNT - 1, f"of {_COUNT - 1} runs that do not fail {len(good)} ended ok")


def a_stop_is_heeded(subject: ExecutorSubject) -> None:
    """Where a stop was asked for, the executor ends with ``Interrupted`` and begins no more runs.

    Mend: let ``Interrupted`` of ``job.execute`` through; while waiting for other processes call
    ``job.stop.check()``, and tell them to stop before you raise.
    """
    folder, stop = subject.folder("stopped"), StopRequest()
    stop.ask("the check")
    try:
        records = list(subject.executor(subject.job(folder, stop)))
    except Interrupted:
        return
    require(False, f"it went on, and yielded {len(records)} records")


Subject = ExecutorSubject
CHECKS = (
    *REGISTRATION_CHECKS,
    every_run_has_its_record,
    every_run_is_carried_out_once,
    a_failed_run_does_not_end_the_others,
    a_stop_is_heeded,
)
