"""What must happen around every run, whichever executor carries it out.

Several calls may work on one results folder, at once or one after the other, and so may several
machines on the mirrors of one store. The supervisor sees to it that no run is done twice, that
nothing which was measured is lost, and that observers hear of each run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from regene_bench.base.disk import disk_error
from regene_bench.base.errors import Interrupted, RegeneBenchError
from regene_bench.base.events import Message, RunFinished, RunStarted
from regene_bench.evaluation.metric import NamedMetric
from regene_bench.harness.finished import unmeasured, with_earlier_scores
from regene_bench.harness.reuse_training import reuse_checkpoints
from regene_bench.harness.run import Setting, execute, execute_together, failed_record
from regene_bench.harness.run_folders import LOCK, run_folder
from regene_bench.harness.run_logging import RunLog
from regene_bench.leaderboard.parts import part_content, read_own_part, states_of, write_part
from regene_bench.leaderboard.places import part_path
from regene_bench.leaderboard.record import RunRecord
from regene_bench.plan.runs import Run
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.locks import exclusive, held_if_free
from regene_bench.stores.lease import LeaseLost
from regene_bench.stores.mirror import Superseded
from regene_bench.stores.opening import mirror_of
from regene_bench.stores.shared_runs import SharedRuns

# the system gives back what a process has locked a moment after its end
_RELEASE_SECONDS = 2.0


class RunSupervisor:
    """Carries out runs of a call, each under its lock, and writes their leaderboard parts.

    Args:
        host: The observers among the plugins.
        setting: What all runs share.
        runs: The runs that the call has to carry out, in the order of the plan.
        missing: What is to be measured of each, by run id.
        numbers: The place of each run among all of the call, from 1, for who shows progress.
        total: How many runs the call has.
        anew: Train and measure every run, whatever is known of it or of one trained the same way
            (``--force``).
    """

    def __init__(
        self,
        host: PluginHost,
        setting: Setting,
        runs: Sequence[Run],
        missing: Mapping[str, Sequence[NamedMetric]],
        *,
        numbers: Mapping[str, int],
        total: int,
        anew: bool,
    ) -> None:
        self._host = host
        self._setting = setting
        self._anew = anew
        self._missing = missing
        self.numbers = numbers
        self._total = total
        self._stamps = {run.run_id: self._stamp(run) for run in runs}
        self._at_work = threading.RLock()
        self._claimed: dict[str, ExitStack] = {}
        mirror = mirror_of(setting.results)
        self._shared = (
            SharedRuns(mirror, setting.stop, setting.emit, setting.checkpoint_seconds)
            if mirror is not None
            else None
        )

    def claim(self, run: Run) -> bool:
        """Tell whether no other call is at work on a run, and keep it from them until then.

        Raises:
            ResultsError: The store of the results cannot be reached, or the folder not written to.
        """
        if self._shared is not None:
            return self._shared.is_free(run.run_id)
        if run.run_id in self._claimed:
            return True
        file = run_folder(self._setting.results, run.run_id) / LOCK
        with ExitStack() as claim:
            try:
                if not claim.enter_context(held_if_free(file)):
                    return False
            except OSError as error:
                raise disk_error("lock", file, error) from error
            self._claimed[run.run_id] = claim.pop_all()
        return True

    def carry_out_one(self, run: Run) -> RunRecord:
        """Carry out one run and return its record.

        Raises:
            ResultsError: Its part cannot be written, or a newer version has written it.
            Interrupted: A stop was asked for; the training is saved.
        """
        (record,) = self.carry_out([run])
        return record

    def carry_out(self, runs: Sequence[Run]) -> Iterator[RunRecord]:
        """Carry out runs that are trained together, and yield the record of each as it ends.

        An executor's threads wait for each other: runs of one process share its random generators,
        its working folder and more, on which their results may depend.

        Args:
            runs: One run, or several of one ``Method.batch_key``.

        Raises:
            ResultsError: A part cannot be written, or a newer version has written it.
            Interrupted: A stop was asked for; the training is saved.
        """
        with self._at_work:
            yield from self._carry_out(runs)

    def kept_of(self, run: Run) -> RunRecord | None:
        """Read what was written of a run since the call began; ``None`` if nothing was.

        Raises:
            ResultsError: A newer version has written it.
        """
        part = self._read_part(run)
        if part is None or self._stamp(run) != self._stamps[run.run_id]:
            return part
        # another call may have ended it after this one had looked what is missing
        left = unmeasured(states_of(part), self._missing[run.run_id], self._setting.shelf)
        return None if self._anew or part.status == "failed" or left else part

    def give_up(self, run: Run, error: Exception) -> RunRecord:
        """Record that a run was not carried out, beside what earlier calls measured of it.

        Another call may have carried it out meanwhile: then its record is returned.

        Args:
            run: It.
            error: Why not.

        Raises:
            ResultsError: Its part cannot be written, or a newer version has written it.
        """
        with self._at_work, self._locked([run]):
            earlier = self._read_part(run)
            missing = self._still_missing(run, earlier)
            if earlier is not None and not missing:
                record = earlier
            else:
                setting = replace(self._setting, metrics=missing)
                record = self._merged(failed_record(run, setting, error), earlier, missing)
                record = self._keep(run, record, missing)
        self._tell_finished(run, record, time.monotonic())
        return record

    def fail(self, run: Run, error: RegeneBenchError, stack: str = "") -> RunRecord | None:
        """Write a run down as failed that has ended its process, or was ended with it.

        Args:
            run: The run.
            error: What became of it.
            stack: Where it was, a call a line, if that is known.

        Returns:
            Its record, or what the process or another call has made of the run after all; ``None``
            if another call is at work on it now.

        Raises:
            ResultsError: Its part cannot be written, or a newer version has written it.
        """
        started = time.monotonic()
        with self._held_if_free(run) as held:
            if not held:
                return None
            earlier = self._read_part(run)
            missing = self._still_missing(run, earlier)
            if earlier is not None and not missing:
                record = earlier
            else:
                failed = failed_record(run, self._setting, error, stack)
                record = self._keep(run, self._merged(failed, earlier, missing), missing)
            self._tell_finished(run, record, started)
            return record

    def _carry_out(self, runs: Sequence[Run]) -> Iterator[RunRecord]:
        for run in runs:
            self._tell_started(run)
        started = time.monotonic()
        with self._locked(runs):
            earlier = {run.run_id: self._read_part(run) for run in runs}
            missing = {run.run_id: self._still_missing(run, earlier[run.run_id]) for run in runs}
            for run in runs:
                record = earlier[run.run_id]
                if record is not None and not missing[run.run_id]:
                    self._tell_finished(run, record, started)
                    yield record
            pending = [run for run in runs if missing[run.run_id]]
            self._reuse_checkpoints(pending)
            for run, record in zip(pending, self._execute(pending, missing), strict=True):
                merged = self._merged(record, earlier[run.run_id], missing[run.run_id])
                merged = self._keep(run, merged, missing[run.run_id])
                self._tell_finished(run, merged, started)
                yield merged

    @contextmanager
    def _locked(self, runs: Sequence[Run]) -> Iterator[None]:
        """Keep other calls from the runs, and wait for those that are at work on one of them."""
        setting = self._setting
        with ExitStack() as locks:
            # always in one order, so that two calls never wait for each other
            for run in sorted(runs, key=lambda run: run.run_id):
                claimed = self._claimed.pop(run.run_id, None)
                if claimed is not None:
                    locks.enter_context(claimed)
                    continue
                file = run_folder(setting.results, run.run_id) / LOCK
                locks.enter_context(
                    exclusive(file, f"runs {run.title}", setting.stop, setting.emit)
                )
            if self._shared is not None:
                named = [_named(run) for run in sorted(runs, key=lambda run: run.run_id)]
                locks.enter_context(self._shared.held(named, anew=self._anew))
            yield

    @contextmanager
    def _held_if_free(self, run: Run) -> Iterator[bool]:
        """Keep other calls from a run, unless one of them is at work on it."""
        claimed = self._claimed.pop(run.run_id, None)
        if claimed is not None:
            claimed.close()
        lock = run_folder(self._setting.results, run.run_id) / LOCK
        with held_if_free(lock, _RELEASE_SECONDS) as held:
            if not held or self._shared is None:
                yield held
                return
            with self._shared.held([_named(run)], anew=self._anew, wait=False) as held:
                yield held

    def _keep(self, run: Run, record: RunRecord, asked: Sequence[NamedMetric]) -> RunRecord:
        """Write what came of a run, and return what is known of it then.

        Where others have taken the run over, since this machine was not heard of, what they make of
        it is waited for, and counts.
        """
        if self._shared is None:
            write_part(self._setting.results, record)
            return record
        while True:
            # a name that is none is refused before anything goes up
            part_path(self._setting.results, record.benchmark, record.run_id)
            try:
                self._shared.put_part(record.benchmark, record.run_id, part_content(record))
                return record
            except (LeaseLost, Superseded) as lost:
                self._setting.emit(Message(lost.message, "warning"))
            self._shared.take_again(*_named(run))
            part = self._read_part(run)
            left = self._still_missing(run, part)
            if part is not None and not left:
                return part
            record = self._merged(record, part, asked)

    def _still_missing(self, run: Run, part: RunRecord | None) -> Sequence[NamedMetric]:
        """What is left to measure, if another call has worked on the run since this one began."""
        missing = self._missing[run.run_id]
        if part is None or self._stamp(run) == self._stamps[run.run_id]:
            return missing
        if part.status == "failed":  # a moment ago: it would fail again
            return []
        return unmeasured(states_of(part), missing, self._setting.shelf)

    def _reuse_checkpoints(self, runs: Sequence[Run]) -> None:
        """Spare runs the training of one that differs from them in how it draws alone."""
        if not self._anew:
            for run in runs:
                reuse_checkpoints(run, self._setting)

    def _execute(
        self, runs: Sequence[Run], missing: Mapping[str, Sequence[NamedMetric]]
    ) -> Iterator[RunRecord]:
        """Train, generate, and measure what is missing."""
        setting = self._setting
        logs = [RunLog(setting.loggers, run, setting.results, setting.emit) for run in runs]
        settings = [
            replace(
                setting,
                metrics=missing[run.run_id],
                emit=log.sink,
                look=log.look if setting.loggers else None,
            )
            for run, log in zip(runs, logs, strict=True)
        ]
        try:
            for run, log, record in zip(runs, logs, _records(runs, settings), strict=True):
                log.finish(record, run_folder(setting.results, run.run_id))
                yield record
        except (Interrupted, KeyboardInterrupt) as stopped:
            for log in logs:
                log.stop(str(stopped))
            raise

    def _merged(
        self, record: RunRecord, earlier: RunRecord | None, asked: Sequence[NamedMetric]
    ) -> RunRecord:
        """Add what earlier calls measured of the same run."""
        if earlier is None or self._anew:
            return record
        return with_earlier_scores(record, earlier, asked)

    def _read_part(self, run: Run) -> RunRecord | None:
        return read_own_part(self._setting.results, run.benchmark.name, run.run_id)

    def _stamp(self, run: Run) -> tuple[int, int] | None:
        """What changes whenever the run's part is written; ``None`` without a part."""
        try:
            found = part_path(self._setting.results, run.benchmark.name, run.run_id).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _tell_started(self, run: Run) -> None:
        number = self.numbers[run.run_id]
        self._setting.emit(RunStarted(run.run_id, run.title, number, self._total))
        self._host.notify("run_started", run=self._told(run))

    def _tell_finished(self, run: Run, record: RunRecord, started: float) -> None:
        self._host.notify("run_finished", run=self._told(run), status=record.status)
        seconds, why = time.monotonic() - started, record.why
        self._setting.emit(RunFinished(run.run_id, run.title, record.status, seconds, why))

    def _told(self, run: Run) -> dict[str, Any]:
        """What observers are told of a run, made anew for each time."""
        return {
            "run_id": run.run_id,
            "benchmark": run.benchmark.name,
            "preset": run.preset,
            "method": run.entry.name,
            "params": run.params,
            "seed": run.seed,
            "results": str(self._setting.results),
        }


def _named(run: Run) -> tuple[str, str, str]:
    return run.benchmark.name, run.run_id, run.title


def _records(runs: Sequence[Run], settings: Sequence[Setting]) -> Iterator[RunRecord]:
    if len(runs) == 1:
        yield execute(runs[0], settings[0])
    elif runs:
        yield from execute_together(runs, settings)
