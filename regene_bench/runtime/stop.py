"""Asking long work to stop at the next safe point: by signal, or by a time limit."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from regene_bench.base.environment import GRACE_VARIABLE, seconds_in
from regene_bench.base.errors import Interrupted
from regene_bench.base.events import Message, silent
from regene_bench.runtime.watchdog import Watchdog

_GRACE_SECONDS = 60.0

HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)
"""What a closed window sends; None on Windows."""
WARNINGS: tuple[signal.Signals, ...] = tuple(
    getattr(signal, name) for name in ("SIGUSR1", "SIGUSR2", "SIGXCPU") if hasattr(signal, name)
)
"""What schedulers send some time before they end a job, and may send again and again."""
StopCheck = Callable[[], None]
"""What long computations call between their steps; it raises to end them: ``StopRequest.check``."""


def no_stop() -> None:
    """Let the computation go on: for callers that nobody stops."""


class StopRequest:
    """A flag that training looks at between steps.

    Args:
        time_limit: Seconds from now after which a stop is asked for; ``None`` for never.

    Attributes:
        grace: Seconds after which those who do not heed it are ended.

    Raises:
        UsageError: ``$REGENE_BENCH_GRACE`` is no time.
    """

    def __init__(self, time_limit: float | None = None) -> None:
        self.grace = grace_seconds()
        self._deadline = None if time_limit is None else time.monotonic() + time_limit
        self._reason: str | None = None
        self._asked_at: float | None = None

    def ask(self, reason: str) -> None:
        """Ask for a stop; the first reason is kept."""
        if self._reason is None:
            self._asked_at = time.monotonic()
            self._reason = reason

    @property
    def reason(self) -> str | None:
        """Why a stop is asked for, or ``None``."""
        expired = self._deadline is not None and time.monotonic() >= self._deadline
        if self._reason is None and expired:
            self._asked_at = self._deadline
            self._reason = "the time limit"
        return self._reason

    @property
    def deadline(self) -> float | None:
        """When the time limit is over, by ``time.monotonic``; ``None`` without one."""
        return self._deadline

    def seconds_since(self) -> float:
        """Seconds since a stop was asked for; 0 while none is."""
        if self.reason is None or self._asked_at is None:
            return 0.0
        return time.monotonic() - self._asked_at

    def check(self) -> None:
        """Raise ``Interrupted`` if a stop is asked for.

        Call it where nothing would be lost: between phases, or after a checkpoint.
        """
        reason = self.reason
        if reason is not None:
            raise Interrupted(reason)


def grace_seconds() -> float:
    """Seconds after which who was asked to stop is ended: ``$REGENE_BENCH_GRACE``, or 60.

    Raises:
        UsageError: The variable is no positive number of seconds.
    """
    return seconds_in(GRACE_VARIABLE, _GRACE_SECONDS)


@contextmanager
def stop_on_signals(
    stop: StopRequest,
    tell: Callable[[Message], None] = silent,
    *,
    ends_process: bool = False,
) -> Iterator[None]:
    """Turn the first signal to end into a stop request; a second one interrupts at once.

    Signals are SIGINT (Ctrl-C), SIGTERM and SIGHUP (a closed window), the last one unless it is
    ignored, as ``nohup`` has it; and ``WARNINGS``, which ask for a stop however often they come:
    the system repeats SIGXCPU each second. Where a stop is not heeded within ``stop.grace``
    seconds, the main thread is interrupted, and it is said where it was.

    Args:
        stop: What is asked to stop.
        tell: Told that the first signal was heard.
        ends_process: End the process, with exit code 130, where it cannot be interrupted: right for
            a command, wrong for a notebook.

    Raises:
        Interrupted: The block did not heed a stop and was interrupted.
        KeyboardInterrupt: A second signal came.
    """
    watched = [signal.SIGINT, signal.SIGTERM]
    if HANGUP is not None and signal.getsignal(HANGUP) is not signal.SIG_IGN:
        watched.append(HANGUP)
    watchdog = Watchdog(
        stop, frozenset(watched), warnings=frozenset(WARNINGS), ends_process=ends_process
    )
    received = False

    def handle(signum: int, frame: FrameType | None) -> None:
        nonlocal received
        if watchdog.interrupts:
            raise Interrupted(str(stop.reason))
        if signum in WARNINGS and stop.reason is not None:
            return
        if received:
            raise KeyboardInterrupt
        received = signum not in WARNINGS
        name = signal.Signals(signum).name
        stop.ask(name)
        # what is told may be in the middle of telling something else
        with suppress(RuntimeError):
            more = "Ctrl-C twice" if signum in WARNINGS else "Once more"
            tell(Message(f"{name}: saving, then stopping. {more} to stop at once."))

    previous = {signum: signal.signal(signum, handle) for signum in (*watched, *WARNINGS)}
    try:
        with watchdog.watching():
            yield
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)
