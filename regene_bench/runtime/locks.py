"""One process at a time, with a word to whoever waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from regene_bench.base.disk import disk_error
from regene_bench.base.events import Message, Sink
from regene_bench.runtime.stop import StopRequest

_LOOK_SECONDS = 5.0


@contextmanager
def exclusive(
    path: Path, what: str, stop: StopRequest, emit: Sink, *, needed: bool = True
) -> Iterator[bool]:
    """Hold a lock file; while another process holds it, say so and look for a stop request.

    The lock is the operating system's: it ends with the process that holds it, however that ends.

    Args:
        path: The lock file; its folder is made.
        what: What the other process is doing, for the message.
        stop: Looked at while waiting.
        emit: Gets the message, once.
        needed: Off where two processes at once only do the work twice, as in a cache: where no lock
            file can be made, the block is then carried out without one.

    Yields:
        Whether there was a wait, after which things may have changed on disk.

    Raises:
        Interrupted: A stop was asked for while waiting.
        ResultsError: The lock file cannot be made.
    """
    lock = FileLock(path)
    waited = False
    while not lock.is_locked:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=_LOOK_SECONDS if waited else 0)
        except Timeout:
            if not waited:
                emit(Message(f"waiting: another process {what}"))
            waited = True
            stop.check()
        except OSError as error:
            if needed:
                raise disk_error("lock", path, error) from error
            break
    try:
        yield waited
    finally:
        lock.release()


@contextmanager
def held_if_free(path: Path, seconds: float = 0.0) -> Iterator[bool]:
    """Hold a lock file if no other process does.

    Args:
        path: The lock file; its folder is made.
        seconds: How long to wait for it at most.

    Yields:
        Whether it is held; if not, another process is at work on what it guards.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # it may be let go by another thread
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
