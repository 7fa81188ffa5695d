"""Sweeps as one training: runs of one method that can go together do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regene_bench.harness.executors.job import Job
    from regene_bench.leaderboard.record import RunRecord
    from regene_bench.plan.runs import Run

# what is gained by one more model shrinks, and all are in memory at once
_MOST = 64


def stacked(job: Job) -> Iterator[RunRecord]:
    """Yield the record of each run; runs that train together come when all of them are trained."""
    for group in together(job.runs):
        yield from job.execute_together(group)


def together(runs: Sequence[Run]) -> list[list[Run]]:
    """Group runs by what their method can train at once, in the order of their first ones."""
    groups: dict[tuple[str, ...], list[list[Run]]] = {}
    for run in runs:
        own = run.method.batch_key(run.config)
        key = (run.entry.distribution, run.entry.name, own or f"alone: {run.run_id}")
        full = groups.setdefault(key, [[]])
        if len(full[-1]) == _MOST:
            full.append([])
        full[-1].append(run)
    return [group for full in groups.values() for group in full]
