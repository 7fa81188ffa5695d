"""Learning-rate schedules: functions from training progress to a factor on the base rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """How far training is.

    Attributes:
        step: Optimiser steps done.
        images: Training images seen, repetitions counted.
        epoch: Passes over the training split, with fraction.
        progress: Share of the stage that is done, in [0, 1).
    """

    step: int
    images: int
    epoch: float
    progress: float


Schedule = Callable[[Clock], float]
"""Given how far training is before a step, the factor on the rates of the optimisers."""


def constant(clock: Clock) -> float:
    """Leave the rate as the optimiser was made with, throughout."""
    return 1.0


def warmup_then_cosine(warmup: float = 0.2, floor: float = 0.01) -> Schedule:
    """Rise linearly from ``floor`` to 1, then fall to it along half a cosine.

    It is not torch's ``OneCycleLR``, which rises along a cosine, falls far below where it began,
    and changes the momentum.

    Args:
        warmup: Share of the stage that the rise takes, in [0, 1).
        floor: The factor at both ends, in [0, 1].
    """

    def factor(clock: Clock) -> float:
        if clock.progress < warmup:
            return floor + (1 - floor) * clock.progress / warmup
        fall = (clock.progress - warmup) / (1 - warmup)
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * fall))

    return factor


def decay_every(epochs: float, factor: float) -> Schedule:
    """Multiply the rate by ``factor`` after every ``epochs`` passes over the training split.

    A staircase: within the passes the rate does not change (ReGene: 0.99 every 20).
    """
    return lambda clock: factor ** int(clock.epoch / epochs)
