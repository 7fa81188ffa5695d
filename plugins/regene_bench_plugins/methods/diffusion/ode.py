"""Steps along a differential equation dx/dt = f(x, t).

Over n steps of a smooth equation Euler's error falls as 1/n, and Heun's, which looks twice a step,
as 1/n².
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from torch import Tensor

Slope = Callable[[Tensor, float], Tensor]
"""Maps x, ``[N, C, H, W]``, and t to dx/dt."""

Step = Callable[[Slope, Tensor, float, float], Tensor]
"""Maps a slope, x, the time of x and the next time to x at that time."""

SolverName = Literal["euler", "heun"]


def euler(slope: Slope, x: Tensor, time: float, following: float) -> Tensor:
    """Go straight on in the direction of the beginning."""
    return x + (following - time) * slope(x, time)


def heun(slope: Slope, x: Tensor, time: float, following: float) -> Tensor:
    """Go in the mean of two directions: that of the beginning, and that where Euler's step ends."""
    length = following - time
    first = slope(x, time)
    second = slope(x + length * first, following)
    return x + length / 2 * (first + second)


STEPS: Mapping[SolverName, Step] = {"euler": euler, "heun": heun}
