"""Asking long work to stop at the next safe point: by signal, or by a time limit."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from regene_bench.base.errors import Interrupted

StopCheck = Callable[[], None]
"""What long computations call between their steps; it raises to end them: ``StopRequest.check``."""


def no_stop() -> None:
    """Let the computation go on: for callers that nobody stops."""


class StopRequest:
    """A flag that training looks at between steps.

    Args:
        time_limit: Seconds from now after which a stop is asked for; ``None`` for never.
    """

    def __init__(self, time_limit: float | None = None) -> None:
        self._deadline = None if time_limit is None else time.monotonic() + time_limit
        self._reason: str | None = None

    def ask(self, reason: str) -> None:
        """Ask for a stop; the first reason is kept."""
        self._reason = self._reason or reason

    @property
    def reason(self) -> str | None:
        """Why a stop is asked for, or ``None``."""
        expired = self._deadline is not None and time.monotonic() >= self._deadline
        if self._reason is None and expired:
            self._reason = "the time limit"
        return self._reason

    def check(self) -> None:
        """Raise ``Interrupted`` if a stop is asked for.

        Call it where nothing would be lost: between phases, or after a checkpoint.
        """
        reason = self.reason
        if reason is not None:
            raise Interrupted(reason)


@contextmanager
def stop_on_signals(stop: StopRequest) -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into a stop request; a second one interrupts at once."""

    received = False

    def handle(signum: int, frame: FrameType | None) -> None:
        nonlocal received
        if received:
            raise KeyboardInterrupt
        received = True
        stop.ask(signal.Signals(signum).name)

    watched = (signal.SIGINT, signal.SIGTERM)
    previous = {signum: signal.signal(signum, handle) for signum in watched}
    try:
        yield
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)
