"""Several runs at once, each in a process of one thread.

Small networks do not fill two cores from one process: their steps are short, and threads spend them
waiting for each other. As many processes of one thread do more (benchmarks/speed/sweep.py). And a
process can be ended: a run that kills its own, hangs or takes too long is a failed row, and the
others go on.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from regene_bench.base.errors import (
    Interrupted,
    LostProcessError,
    RegeneBenchError,
    ResultsError,
    RunTimeoutError,
)
from regene_bench.base.events import Message
from regene_bench.harness.executors.messages import Ended, Orders, Ready, Stopped, Told
from regene_bench.harness.executors.processes import Worker, how_to_start
from regene_bench.runtime.stacks import described, innermost

if TYPE_CHECKING:  # executors are imported by worker processes before torch may be
    from regene_bench.harness.executors.executor import Job
    from regene_bench.leaderboard.record import RunRecord
    from regene_bench.plan.runs import Run

_WAIT = 0.2
# of workers that end before they take a run: whatever ends them will end the next one, too
_MOST_STILLBORN = 2


def workers(job: Job) -> Iterator[RunRecord]:
    """Yield the record of each run as it ends, in the order in which they end.

    Each process prepares the benchmark by itself, from caches that this process has filled, and
    computes on the device that it is given, if the call names several. A run
    of which the process ends, or that takes longer than ``run_timeout``, is failed, and another
    worker takes the next one.

    Raises:
        Interrupted: A stop was asked for; the workers have saved what they were at.
        ResultsError: Workers end before they can take a run.
    """
    cores, given = os.cpu_count() or 1, job.options.workers
    if job.options.devices:
        # after a worker heeds signals: it imports torch
        from regene_bench.runtime.devices import places

        found = places(job.options.devices, given or 1, cores)
        orders = [Orders.at(job, place) for place in found[: len(job.runs)]]
    else:
        orders = [Orders.of(job)] * min(given or cores, len(job.runs))
    yield from _Crew(job, orders).carry_out()


def one_worker(job: Job) -> Iterator[RunRecord]:
    """Carry out one run after the other as ``serial`` does, but in a process that can be ended.

    It computes with as many threads as this process would, and so to the same numbers.
    """
    import torch

    yield from _Crew(job, [Orders.of(job, torch.get_num_threads())]).carry_out()


class _Crew:
    """The workers of a job, and what they are at.

    Args:
        job: The runs.
        orders: One for each worker that is at work at once.
    """

    def __init__(self, job: Job, orders: Sequence[Orders]) -> None:
        self._job = job
        self._orders = list(orders)
        self._context = how_to_start()
        self._left: deque[Run] = deque(job.runs)
        self._workers: list[Worker] = []
        self._stillborn = 0
        self._told_to_stop = False
        self._reason: str | None = None
        self._error: RegeneBenchError | None = None

    def carry_out(self) -> Iterator[RunRecord]:
        try:
            while self._is_at_work():
                self._mind_a_stop()
                self._hire()
                signs = [sign for worker in self._workers for sign in worker.signs]
                told = wait(signs, _WAIT)
                for worker in list(self._workers):
                    if any(sign in told for sign in worker.signs):
                        yield from self._listen(worker)
                    if worker in self._workers and self._is_late(worker):
                        yield from self._time_out(worker)
        except KeyboardInterrupt:  # a second signal: at once
            self._dismiss(patience=0.0)
            raise
        finally:
            self._dismiss(patience=self._job.stop.grace)
        if self._job.stop.reason or self._reason:
            raise Interrupted(self._job.stop.reason or str(self._reason))
        if self._error is not None:
            raise self._error

    def _is_at_work(self) -> bool:
        return bool(self._workers or (self._left and self._may_hire()))

    def _may_begin(self) -> bool:
        """Tell whether more runs are to be begun."""
        return not (self._told_to_stop or self._reason)

    def _may_hire(self) -> bool:
        """Tell whether it makes sense to start another worker."""
        return self._may_begin() and self._error is None

    def _hire(self) -> None:
        """Start a worker for each that is missing, as long as there are runs to take."""
        preparing = sum(worker.run is None for worker in self._workers)
        while self._may_hire() and self._orders and preparing < len(self._left):
            self._workers.append(Worker(self._context, self._orders.pop(0)))
            preparing += 1

    def _mind_a_stop(self) -> None:
        """Forward a stop; kill who does not heed it in time."""
        if not self._job.stop.reason:
            return
        if not self._told_to_stop:
            self._told_to_stop = True
            for worker in self._workers:
                worker.stop()
        elif self._job.stop.seconds_since() > self._job.stop.grace:
            for worker in list(self._workers):
                what = worker.run.title if worker.run else "a worker"
                seconds = self._job.stop.grace
                where = worker.where()
                text = f"{what}: no stop within {seconds:.0f} s; its process is ended."
                text += f" It was in\n{described(where)}" if where else ""
                self._job.emit(Message(text, "warning"))
                self._let_go(worker, kill=True)

    def _listen(self, worker: Worker) -> Iterator[RunRecord]:
        """Take what a worker has said, and give it the next run; or note that it has ended."""
        try:
            for message in worker.messages():
                if isinstance(message, Told):
                    self._job.emit(message.event)
                elif isinstance(message, Ready):
                    worker.ready, self._stillborn = True, 0
                    self._deal(worker)
                elif isinstance(message, Ended):
                    worker.run = None
                    yield message.record
                    self._deal(worker)
                elif isinstance(message, Stopped):
                    self._reason = self._reason or message.reason
                    self._error = self._error or message.error
                    self._let_go(worker)
                    return
        except EOFError:
            yield from self._lose(worker)

    def _deal(self, worker: Worker) -> None:
        worker.give(self._left.popleft() if self._left and self._may_begin() else None)

    def _lose(self, worker: Worker) -> Iterator[RunRecord]:
        """Note that a worker ended unasked: what it was at is a failed row."""
        run = worker.run
        how = self._let_go(worker)
        if self._told_to_stop:
            return
        if run is None:
            self._stillborn += not worker.ready
            if self._stillborn >= _MOST_STILLBORN:
                self._error = self._error or ResultsError(
                    f"A worker process {how} before it could take a run, and so did the next one.",
                    hint="Is there memory for so many? Call again with fewer --workers.",
                )
            return
        text = f"The process of the run {how}."
        if "SIGKILL" in how:
            text += " The system does that for want of memory; fewer --workers need less."
        yield from self._fail(run, LostProcessError(text))

    def _is_late(self, worker: Worker) -> bool:
        limit = self._job.options.run_timeout
        return (
            limit is not None
            and worker.run is not None
            and not self._told_to_stop
            and time.monotonic() - worker.since > limit
        )

    def _time_out(self, worker: Worker) -> Iterator[RunRecord]:
        """End a worker that is at a run for too long."""
        run, where = worker.run, worker.where()
        self._let_go(worker, kill=True)
        if run is not None:
            text = f"The run took longer than {self._job.options.run_timeout:g} s and was ended"
            text += f", in {innermost(where)}." if where else "."
            stack = described(where)
            yield from self._fail(run, RunTimeoutError(text), stack)

    def _fail(self, run: Run, error: RegeneBenchError, stack: str = "") -> Iterator[RunRecord]:
        record = self._job.fail(run, error, stack)
        if record is None:  # another call is at work on it, and this one waits for that
            self._left.append(run)
        else:
            yield record

    def _let_go(self, worker: Worker, *, kill: bool = False) -> str:
        """Wait for a worker's end; return how it ended."""
        self._workers.remove(worker)
        self._orders.append(worker.orders)
        if kill:
            worker.kill()
        return worker.end()

    def _dismiss(self, patience: float) -> None:
        """Have the workers that are left save what they are at, and end them.

        Args:
            patience: How long to wait for it, in seconds.
        """
        for worker in self._workers:
            worker.stop()
        until = time.monotonic() + patience
        while self._workers and time.monotonic() < until:
            wait([sign for worker in self._workers for sign in worker.signs], _WAIT)
            for worker in list(self._workers):
                try:
                    if any(isinstance(message, Stopped) for message in worker.messages()):
                        self._let_go(worker)
                except EOFError:
                    self._let_go(worker)
        for worker in self._workers:
            worker.kill()
        for worker in list(self._workers):
            self._let_go(worker)
