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


def constant(clock: Clock) -> float:
    """The base rate throughout."""
    return 1.0


def one_cycle(warmup: float = 0.2, floor: float = 0.01) -> Schedule:
    """Rise linearly from ``floor`` to 1 over ``warmup`` of the stage, then fall as a cosine."""

    def factor(clock: Clock) -> float:
        if clock.progress < warmup:
            return floor + (1 - floor) * clock.progress / warmup
        fall = (clock.progress - warmup) / (1 - warmup)
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * fall))

    return factor


def decay_every(epochs: float, factor: float) -> Schedule:
    """Multiply by ``factor`` after every ``epochs`` passes (ReGene: 0.99 every 20)."""
    return lambda clock: factor ** int(clock.epoch / epochs)
