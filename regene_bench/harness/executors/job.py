"""What an executor is given: runs, and how to carry out one of them here or in another process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regene_bench.base.events import Sink
    from regene_bench.harness.options import Options
    from regene_bench.leaderboard.record import RunRecord
    from regene_bench.plan.runs import Run
    from regene_bench.runtime.stop import StopRequest


CarryOut = Callable[[str], "Sequence[RunRecord]"]
Reopen = Callable[["str", "Options", "Sink", "StopRequest"], tuple[Mapping[str, str], CarryOut]]
"""Prepares the call again in another process: titles by run id, and what carries one out."""


@dataclass(frozen=True)
class Job:
    """Runs to carry out.

    Attributes:
        runs: In the order of the plan.
        execute: Carries out one of them in this process, writes its part, returns its record.
        execute_together: Does so with several of one ``batch_key``, trained together; yields their
            records as they end.
        benchmark: As the user named it; with ``options`` another process can prepare the same.
        options: As the user gave them; picklable.
        stop: Looked at by those who wait.
        emit: Takes progress events.
        reopen: A module-level function, so that it can be sent to another process.
    """

    runs: Sequence[Run]
    execute: Callable[[Run], RunRecord]
    execute_together: Callable[[Sequence[Run]], Iterator[RunRecord]]
    benchmark: str
    options: Options
    stop: StopRequest
    emit: Sink
    reopen: Reopen


Executor = Callable[[Job], Iterator["RunRecord"]]
