"""Ends a process that was asked to stop and does not: its main thread hangs in a plugin.

Whoever is asked to stop looks for it between steps. A method that never looks, or a step that never
ends, would keep a process for ever, whatever its time limit is and however often a key is pressed.
A thread of its own can see that, say where the main thread is, and end it.
"""

from __future__ import annotations

import faulthandler
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from regene_bench.base.errors import EXIT_INTERRUPTED
from regene_bench.runtime.last_resort import ends_at_the_second
from regene_bench.runtime.stacks import described, lines_of_interest, stack_of_thread

if TYPE_CHECKING:
    from regene_bench.runtime.stop import StopRequest

_MOST_AFTER_WORKERS = 5.0
_UNWINDING = 1.5
_OVER = 0  # no signal has this number


class Watchdog:
    """A thread that sees to it that a stop is heeded.

    Args:
        stop: What was asked.
        signals: Numbers of the signals that ask for a stop, and at the second one for the end.
        warnings: Numbers of those that ask for a stop, however often they come.
        ends_process: End the process if the main thread cannot be interrupted, which costs a
            notebook all that it holds; if not, only interrupt it.
    """

    def __init__(
        self,
        stop: StopRequest,
        signals: Collection[int],
        *,
        warnings: Collection[int] = (),
        ends_process: bool,
    ) -> None:
        self._stop = stop
        self._signals = signals
        self._warnings = warnings
        self._ends_process = ends_process
        self._main = threading.main_thread().ident or 0
        self._over = threading.Event()
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._put_back: Callable[[], object] = lambda: None
        self.interrupts = False
        """Whether the next signal is its own, by which the main thread is interrupted."""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch over the block, which the main thread runs."""
        before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        if self._ends_process:
            self._put_back = ends_at_the_second(signal.SIGINT)
        thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        thread.start()
        if self._stop.deadline is not None:
            self._end_in(self._stop.deadline - time.monotonic() + self._patience())
        try:
            yield
        finally:
            self._over.set()
            if self._ends_process:
                faulthandler.cancel_dump_traceback_later()
            signal.set_wakeup_fd(before)
            with suppress(OSError):
                self._writer.send(bytes([_OVER]))
            thread.join()
            self._reader.close()
            self._writer.close()

    def _patience(self) -> float:
        """How long a stop may go unheeded: longer than by workers, so that these end first."""
        return self._stop.grace + min(self._stop.grace, _MOST_AFTER_WORKERS)

    def _watch(self) -> None:
        """Wait for what is due next: a signal, the end of the time, the end of the patience."""
        asked, heard, at_once_at = False, 0, None
        while not self._over.is_set():
            if self._stop.reason is not None:
                due = self._patience() - self._stop.seconds_since()
            elif self._stop.deadline is not None:
                due = max(self._stop.deadline - time.monotonic(), 0.01)
            else:
                due = None
            if at_once_at is not None:
                due = at_once_at - time.monotonic()
            if due is not None and due <= 0:
                self._give_up(interrupt=at_once_at is None)
                return
            if select.select([self._reader], [], [], due)[0]:
                received = self._reader.recv(64)
                numbers = [n for n in received if n in self._signals]
                warned = [n for n in received if n in self._warnings]
                self._put_back()
                if (numbers or warned) and not asked:
                    asked = True
                    self._end_in(self._patience())
                    # the handler cannot run while the main thread is in code that is not Python
                    self._stop.ask(signal.Signals((numbers or warned)[0]).name)
                heard += len(numbers)
                if heard > 1 and self._ends_process:
                    at_once_at = at_once_at or time.monotonic() + _UNWINDING

    def _end_in(self, seconds: float) -> None:
        """Have a thread of C end the process if neither main thread nor this one comes to it."""
        if self._ends_process:
            with suppress(OSError, ValueError, RuntimeError):  # no standard error
                faulthandler.dump_traceback_later(
                    max(seconds, 0.0) + 2 * _UNWINDING, exit=True, file=2
                )

    def _give_up(self, *, interrupt: bool) -> None:
        """Say where the main thread is, interrupt it, and end the process if that is in vain."""
        stack = described(lines_of_interest(stack_of_thread(self._main)))
        seconds = self._stop.seconds_since()
        text = (
            f"{self._stop.reason}: no stop within {seconds:.0f} s. The main thread is in\n{stack}\n"
        )
        self._say(text)
        if interrupt:
            self.interrupts = True
            with suppress(OSError, AttributeError):
                signal.pthread_kill(self._main, signal.SIGINT)
            if self._over.wait(_UNWINDING):
                return
        if self._ends_process:
            self._say(
                "It cannot be interrupted, and is ended. Finished runs are kept; the same "
                "command goes on from the last checkpoint.\n"
            )
            os._exit(EXIT_INTERRUPTED)

    @staticmethod
    def _say(text: str) -> None:
        """Write past Python's streams, whose locks the main thread may hold."""
        with suppress(OSError):
            os.write(2, text.encode(errors="backslashreplace"))
