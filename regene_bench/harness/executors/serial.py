"""One run after the other, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regene_bench.harness.executors.job import Job
    from regene_bench.leaderboard.record import RunRecord


def serial(job: Job) -> Iterator[RunRecord]:
    """Yield the record of each run as it ends."""
    for run in job.runs:
        yield job.execute(run)
