"""What is seen of a training: how often it looked whether to stop, what it kept, how it ended."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from regene_bench.data.device_images import BenchmarkData
from regene_bench.runtime.stop import StopRequest


class CountedStop(StopRequest):
    """Asks for a stop when it has been looked at some number of times, and counts the looks.

    Training looks at the stop request once a step, so a count stops it at a known step.

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
class FinishedTraining:
    """A training that nobody stopped.

    Attributes:
        model: What ``fit`` returned.
        data: What it was trained on; no other training was given these images.
        looks: How many times it looked at the stop request.
        updates: How many steps torch's optimisers made in it.
        stages: Names of the stages that ended, in order.
        folder: Its checkpoints; not there if it kept none.
    """

    model: object
    data: BenchmarkData
    looks: int
    updates: int
    stages: tuple[str, ...]
    folder: Path


@dataclass(frozen=True)
class StoppedTraining:
    """A training that was asked to stop half-way.

    Attributes:
        folder: Its checkpoints.
        looks_of_whole: Looks at the stop request in a training that nobody stopped.
        obeyed: Whether it ended with ``Interrupted``.
    """

    folder: Path
    looks_of_whole: int
    obeyed: bool


def disturb() -> None:
    """Move every global random generator on, as whatever ran before would."""
    torch.rand(7)
    np.random.random()
    random.random()
