"""Several runs at once, each in a process of one thread.

Small networks do not fill two cores from one process: their steps are short, and threads spend them
waiting for each other. As many processes of one thread do more (benchmarks/speed/sweep.py).
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import TYPE_CHECKING, Any

from regene_bench.base.errors import Interrupted, RegeneBenchError, ResultsError
from regene_bench.runtime.stop import HANGUP, StopRequest

if TYPE_CHECKING:
    from regene_bench.base.events import Event
    from regene_bench.harness.executors.executor import Job, Reopen
    from regene_bench.harness.options import Options
    from regene_bench.leaderboard.record import RunRecord

_WAIT = 0.2
# What takes long to import. Those that this process has by now, its workers will need, too.
_HEAVY = (
    "torch", "torch._inductor.config", "torchvision", "timm", "numpy", "scipy.linalg",
    "scipy.stats", "sklearn.datasets", "pyarrow.parquet", "pydantic", "PIL.Image",
)  # fmt: skip
# what a key press, a scheduler or a closed window sends to the whole group
_FORWARDED = tuple(filter(None, (signal.SIGINT, signal.SIGTERM, HANGUP)))


@dataclass(frozen=True)
class _Took:
    worker: int
    title: str


@dataclass(frozen=True)
class _Told:
    event: Event


@dataclass(frozen=True)
class _Ended:
    worker: int
    record: RunRecord


@dataclass(frozen=True)
class _Stopped:
    """A worker that takes no more runs; ``error`` is set if it is not for want of runs."""

    worker: int
    reason: str | None = None
    error: RegeneBenchError | None = None


@dataclass(frozen=True)
class Orders:
    """What a worker process is started with: the call that it prepares again.

    Attributes:
        reopen: ``Job.reopen``, pickled: to unpickle it is to import torch, which takes seconds, and
            a worker must heed signals before that.
        benchmark: As of ``Job``.
        options: As of ``Job``, but for what is the parent's to do.
    """

    reopen: bytes
    benchmark: str
    options: Options

    @classmethod
    def of(cls, job: Job) -> Orders:
        """Write down what the workers of a job do; the parent forwards stops and minds the time."""
        options = replace(job.options, executor="serial", workers=None, time_limit=None)
        return cls(pickle.dumps(job.reopen), job.benchmark, options)


def workers(job: Job) -> Iterator[RunRecord]:
    """Yield the record of each run as it ends, in the order in which they end.

    Each process prepares the benchmark by itself, from caches that this process has filled.

    Raises:
        Interrupted: A stop was asked for; the workers have saved what they were at.
        ResultsError: A worker died; the other runs were carried out.
    """
    context = _context()
    inbox, outbox = context.Queue(), context.Queue()
    count = min(job.options.workers or os.cpu_count() or 1, len(job.runs))
    for run in job.runs:
        inbox.put(run.run_id)
    for _ in range(count):
        inbox.put(None)
    orders = Orders.of(job)
    processes: list[BaseProcess] = [
        context.Process(target=_work, args=(number, orders, inbox, outbox), daemon=True)  # type: ignore[attr-defined]
        for number in range(count)
    ]
    with _without_the_callers_script():
        for process in processes:
            process.start()
    try:
        yield from _listen(job, processes, outbox)
    except KeyboardInterrupt:  # a second signal: at once
        for process in processes:
            process.kill()
        raise
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


@contextmanager
def _without_the_callers_script() -> Iterator[None]:
    """Start processes that do not run the caller's script again.

    ``multiprocessing`` imports it in each of them, for what it may have defined; our workers need
    nothing of it. A script without ``if __name__ == "__main__":`` would begin anew in each worker.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _context() -> BaseContext:
    """How workers are started: on Linux by a fork server that imports libraries once for them all.

    The server has neither threads nor a device when it forks, as this process has. It blocks the
    signals that a key press or a scheduler sends to the whole group, for without it this process
    would not hear how its workers end; they are born with the signals blocked and lose none.
    """
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([name for name in _HEAVY if name in sys.modules])
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context


def _listen(job: Job, processes: list[BaseProcess], outbox: Any) -> Iterator[RunRecord]:
    at: dict[int, str] = {}
    waiting, told, reason = set(range(len(processes))), False, None
    lost: list[str] = []
    error: RegeneBenchError | None = None
    while waiting:
        if job.stop.reason and not told:
            told = True
            for process in processes:
                process.terminate()
        try:
            message = outbox.get(timeout=_WAIT)
        except queue.Empty:
            for worker in [w for w in waiting if not processes[w].is_alive()]:
                waiting.discard(worker)
                lost.append(f"{at.get(worker, 'no run')} (exit code {processes[worker].exitcode})")
            continue
        if isinstance(message, _Told):
            job.emit(message.event)
        elif isinstance(message, _Took):
            at[message.worker] = message.title
        elif isinstance(message, _Ended):
            at.pop(message.worker, None)
            yield message.record
        elif isinstance(message, _Stopped):
            waiting.discard(message.worker)
            reason, error = reason or message.reason, error or message.error
    if job.stop.reason or reason:
        raise Interrupted(job.stop.reason or str(reason))
    if error is not None:
        raise error
    if lost:
        raise ResultsError(
            f"Worker processes died at work on {', '.join(lost)}.",
            hint="Were they killed for want of memory? Call again with fewer --workers.",
        )


def _work(number: int, orders: Orders, inbox: Any, outbox: Any) -> None:
    """What a worker process does: prepare, then one run after the other."""
    stop = StopRequest()
    _stop_with_the_parent(stop)
    _end_with_the_parent()
    import torch

    torch.set_num_threads(1)
    try:
        reopen: Reopen = pickle.loads(orders.reopen)
        job = reopen(orders.benchmark, orders.options, lambda event: outbox.put(_Told(event)), stop)
        while (run_id := inbox.get()) is not None:
            stop.check()
            outbox.put(_Took(number, job.titles[run_id]))
            record = job.execute(run_id)
            if record is not None:
                outbox.put(_Ended(number, record))
        outbox.put(_Stopped(number))
    except Interrupted as stopped:
        outbox.put(_Stopped(number, reason=stopped.reason))
    except RegeneBenchError as error:
        outbox.put(_Stopped(number, error=error))
    outbox.close()
    outbox.join_thread()


def _stop_with_the_parent(stop: StopRequest) -> None:
    """Heed the parent's SIGTERM alone, however often it comes.

    A key press or a scheduler signals all processes of the group: the parent forwards what it got,
    and the second one must not end what is being saved. A parent in haste kills.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if HANGUP is not None:
        signal.signal(HANGUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda signum, frame: stop.ask(signal.Signals(signum).name))
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)


def _end_with_the_parent() -> None:
    """Let a parent that was killed take this process with it; training is saved at intervals."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
