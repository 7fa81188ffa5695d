"""Asking long work to stop at the next safe point: by signal, or by a time limit."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from regene_bench.base.errors import Interrupted
from regene_bench.base.events import Message, silent

HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)
"""What a closed window sends; None on Windows."""
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
def stop_on_signals(stop: StopRequest, tell: Callable[[Message], None] = silent) -> Iterator[None]:
    """Turn the first signal to end into a stop request; a second one interrupts at once.

    Signals are SIGINT (Ctrl-C), SIGTERM and SIGHUP (a closed window), the last one unless it is
    ignored, as ``nohup`` has it.

    Args:
        stop: What is asked to stop.
        tell: Told that the first signal was heard.
    """

    received = False

    def handle(signum: int, frame: FrameType | None) -> None:
        nonlocal received
        if received:
            raise KeyboardInterrupt
        received = True
        name = signal.Signals(signum).name
        stop.ask(name)
        # what is told may be in the middle of telling something else
        with suppress(RuntimeError):
            tell(Message(f"{name}: saving, then stopping. Once more to stop at once."))

    watched = [signal.SIGINT, signal.SIGTERM]
    if HANGUP is not None and signal.getsignal(HANGUP) is not signal.SIG_IGN:
        watched.append(HANGUP)
    previous = {signum: signal.signal(signum, handle) for signum in watched}
    try:
        yield
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)
