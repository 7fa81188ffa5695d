"""A worker as its parent holds it: a process, its pipe, and ways to learn of its end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import TYPE_CHECKING

from regene_bench.harness.executors.messages import FromWorker, Orders
from regene_bench.harness.executors.worker import SENT_TO_GROUPS, WHERE, work
from regene_bench.runtime.stacks import StackLine, lines_of_interest, stack_of_dump

if TYPE_CHECKING:
    from regene_bench.plan.runs import Run

# What takes long to import. Those that this process has by now, its workers will need, too.
_HEAVY = (
    "torch", "torch._inductor.config", "torchvision", "timm", "numpy", "scipy.linalg",
    "scipy.stats", "sklearn.datasets", "pyarrow.parquet", "pydantic", "PIL.Image",
)  # fmt: skip
_MOST_BYTES = 1 << 16
_DUMP_SECONDS = 0.3
_END_SECONDS = 10.0


class Worker:
    """One worker process.

    Args:
        context: How it is started.
        orders: What it prepares.

    Attributes:
        orders: What it was started with.
        run: What it is at; ``None`` while it prepares the call, or is done.
        since: When it took the run, by ``time.monotonic``.
        ready: Whether it has prepared the call.
    """

    def __init__(self, context: BaseContext, orders: Orders) -> None:
        self.orders = orders
        self.run: Run | None = None
        self.since = 0.0
        self.ready = False
        self._pipe, theirs = context.Pipe()
        self._stacks, their_stacks = context.Pipe(duplex=False)
        self._process: BaseProcess = context.Process(  # type: ignore[attr-defined]
            target=work, args=(orders, theirs, their_stacks), daemon=True
        )
        with _without_the_callers_script():
            self._process.start()
        # its end of the pipe is its own alone, so that the pipe ends with it
        theirs.close()
        their_stacks.close()

    @property
    def signs(self) -> tuple[Connection, int]:
        """What ``multiprocessing.connection.wait`` waits for: a message, or its end."""
        return self._pipe, self._process.sentinel

    def give(self, run: Run | None) -> None:
        """Send it a run, or ``None`` for no more; if it has ended, its end will tell."""
        self.run, self.since = run, time.monotonic()
        with suppress(OSError):
            self._pipe.send(None if run is None else run.run_id)

    def messages(self) -> Iterator[FromWorker]:
        """Yield what it has said and nobody has read.

        Raises:
            EOFError: It has ended, and all that it said was read.
        """
        ended = not self._process.is_alive()
        if ended:
            # what it has started may hold its end of the pipe open
            self.kill()
        while self._pipe.poll():
            try:
                message: FromWorker = self._pipe.recv()
            except Exception as error:  # cut off in the middle, or no message of ours
                raise EOFError from error
            yield message
        if ended:
            raise EOFError

    def stop(self) -> None:
        """Ask it to save and to stop."""
        self._process.terminate()

    def where(self) -> list[StackLine]:
        """Return the calls that it is in, outermost first; none if it does not answer."""
        pid = self._process.pid
        if WHERE is None or pid is None or not self.ready or not self._process.is_alive():
            return []
        with suppress(OSError):
            while self._stacks.poll():  # a scheduler may have sent the same signal
                os.read(self._stacks.fileno(), _MOST_BYTES)
            os.kill(pid, WHERE)
            if self._stacks.poll(_DUMP_SECONDS):
                time.sleep(_DUMP_SECONDS / 10)  # it is written line by line
                dump = os.read(self._stacks.fileno(), _MOST_BYTES).decode(errors="replace")
                return lines_of_interest(stack_of_dump(dump))
        return []

    def kill(self) -> None:
        """End it at once, with all processes that it has started."""
        if self._process.pid:
            with suppress(OSError, AttributeError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()

    def end(self) -> str:
        """Wait for its end, and say how it ended: by which signal, or with which code."""
        try:
            self._process.join(_END_SECONDS)
        finally:
            code = self._process.exitcode
            # what it has started must not keep files locked
            self.kill()
            self._pipe.close()
            self._stacks.close()
        if code is None:
            return "did not end"
        if code >= 0:
            return f"ended with exit code {code}"
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"


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


def how_to_start() -> BaseContext:
    """How workers are started: on Linux by a fork server that imports libraries once for them all.

    The server has neither threads nor a device when it forks, as this process has. It blocks the
    signals that a key press or a scheduler sends to the whole group, for without it this process
    would not hear how its workers end; they are born with the signals blocked and lose none.
    """
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([name for name in _HEAVY if name in sys.modules])
    # the server starts it first, and it unblocks what is blocked
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SENT_TO_GROUPS)
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context
