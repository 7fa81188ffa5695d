"""What a finished stage tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class StageReport:
    """Cost and end of one stage of training.

    Attributes:
        name: The stage.
        seconds: Training time, over all interruptions.
        restored_seconds: The part of ``seconds`` spent before this process, known from checkpoints.
        images: Images seen.
        losses: Last reported value of each loss.
        replayed: Steps that were done by replaying a graph.
        fast: Whether some were done by kernels that need not be deterministic.
    """

    name: str
    seconds: float
    restored_seconds: float
    images: int
    losses: Mapping[str, float] = field(default_factory=dict)
    replayed: int = 0
    fast: bool = False

    @property
    def restored(self) -> bool:
        """Whether checkpoints had all of it, so that this process trained nothing."""
        return self.seconds == self.restored_seconds
