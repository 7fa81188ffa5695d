"""One run after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from regene_bench.leaderboard.record import RunRecord
from regene_bench.plan import Run


def serial(runs: Sequence[Run], execute: Callable[[Run], RunRecord]) -> Iterator[RunRecord]:
    """Yield the record of each run as it ends."""
    for run in runs:
        yield execute(run)
