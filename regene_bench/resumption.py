"""Which runs of a call are finished, and how one is repeated on purpose."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from regene_bench.errors import UnavailableError
from regene_bench.evaluation.shelf import ExtractorShelf
from regene_bench.measuring import NamedMetric


def is_finished(
    states: Mapping[str, set[str]] | None, metrics: Sequence[NamedMetric], shelf: ExtractorShelf
) -> bool:
    """Finished: it did not fail, and nothing that was unavailable then can be had now.

    Args:
        states: Metrics by status of the run's part; ``None`` if it has none.
        metrics: What is to be measured.
        shelf: Knows which extractors can be had.
    """
    if states is None or states.get("failed"):
        return False
    waiting = states.get("unavailable", set())
    return not any(
        waiting & {column.name for column in named.metric.columns}
        and all(is_available(shelf, name) for name in named.metric.extractors)
        for named in metrics
    )


def is_available(shelf: ExtractorShelf, name: str) -> bool:
    """Tell whether an extractor can be had, preparing it if so."""
    try:
        shelf.extractor(name)
    except UnavailableError:
        return False
    return True


def forget_training(checkpoints: Path, part: Path) -> None:
    """Remove the checkpoints of a run that ended, so that repeating it trains anew.

    Checkpoints younger than the run's part are of a repetition that was interrupted: they stay, and
    the repetition goes on.
    """
    if not (checkpoints.exists() and part.exists()):
        return
    newest = max((file.stat().st_mtime_ns for file in checkpoints.iterdir()), default=0)
    if newest <= part.stat().st_mtime_ns:
        shutil.rmtree(checkpoints)
