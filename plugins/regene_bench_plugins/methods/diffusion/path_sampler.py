"""The sampler of flow matching: along the predicted velocity, from noise at time 0 to time 1."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor

from regene_bench_plugins.methods.diffusion.ode import STEPS, SolverName, euler
from regene_bench_plugins.methods.diffusion.sampler import DrawNoise, Predict


@dataclass(frozen=True)
class PathSampler:
    """Follows dx/dt = v(x, t) in equal steps, and may take the rest of the way in one.

    Attributes:
        steps: How many; Heun's look twice each.
        solver: Of all steps but one that is the rest of the way, which is Euler's.
        last: Time at which the last step begins that goes straight to 1, to the image that is
            predicted there; 1 for equal steps all the way.
    """

    steps: int
    solver: SolverName = "heun"
    last: float = 1.0

    def times(self) -> list[float]:
        """Where steps begin and end, from 0 to 1."""
        if self.last == 1 or self.steps == 1:
            return [i / self.steps for i in range(self.steps + 1)]
        equal = self.steps - 1
        return [*(self.last * i / equal for i in range(equal)), self.last, 1.0]

    def draw(self, predict: Predict, noise: DrawNoise) -> Tensor:
        """Turn noise into images; ``predict`` tells the velocity. As of ``Sampler``."""
        x = noise("start")
        for time, following in pairwise(self.times()):
            step = euler if following == 1 and self.last < 1 else STEPS[self.solver]
            x = step(predict, x, time, following)
        return x
