"""Long work on the command line: progress, signals, and what to type to go on."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from regene_bench.base.errors import Interrupted
from regene_bench.base.text import say

if TYPE_CHECKING:
    from regene_bench.base.events import Sink
    from regene_bench.runtime.stop import StopRequest


@contextmanager
def stoppable(limit: float | None) -> Iterator[tuple[Sink, StopRequest]]:
    """Show progress, and turn SIGTERM, SIGINT and the time limit into a request to stop.

    Args:
        limit: Seconds, or ``None``.

    Raises:
        Interrupted: What the block raised, after the command that goes on was printed.
    """
    from regene_bench.runtime.progress import progress_sink
    from regene_bench.runtime.stop import StopRequest, stop_on_signals

    stop = StopRequest(limit)
    try:
        with progress_sink() as emit, stop_on_signals(stop, emit, ends_process=True):
            yield emit, stop
    except Interrupted as stopped:
        command = shlex.join(["regene-bench", *sys.argv[1:]])
        say(
            f"Stopped by {stopped.reason}; nothing is lost. To go on:\n  {command}",
            file=sys.stderr,
        )
        raise
