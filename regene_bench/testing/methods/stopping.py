"""Stopping a training at a step that is known beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from regene_bench.runtime.stop import StopRequest


class CountedStop(StopRequest):
    """Asks for a stop when it has been looked at some number of times, and counts the looks.

    Args:
        after: Looks that go by before the stop; ``None`` for no stop.
    """

    def __init__(self, after: int | None = None) -> None:
        super().__init__()
        self.looks = 0
        self._after = after

    @property
    def reason(self) -> str | None:
        self.looks += 1
        return "the check" if self._after is not None and self.looks > self._after else None


@dataclass(frozen=True)
class StoppedTraining:
    """A training that was stopped half-way.

    Attributes:
        folder: Its checkpoints.
        whole: Looks at the stop request in an undisturbed training.
    """

    folder: Path
    whole: int
