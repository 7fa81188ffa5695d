"""The sampler of flow matching: along the predicted velocity, from noise at time 0 to time 1."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from regene_bench_plugins.methods.diffusion.ode import STEPS, SolverName
from regene_bench_plugins.methods.diffusion.sampler import DrawNoise, Predict


@dataclass(frozen=True)
class PathSampler:
    """Follows dx/dt = v(x, t) in equal steps.

    Attributes:
        steps: How many; Heun's look twice each.
        solver: Of all steps.
    """

    steps: int
    solver: SolverName = "heun"

    def draw(self, predict: Predict, noise: DrawNoise) -> Tensor:
        """Turn noise into images; ``predict`` tells the velocity. As of ``Sampler``."""
        x = noise("start")
        for i in range(self.steps):
            x = STEPS[self.solver](predict, x, i / self.steps, (i + 1) / self.steps)
        return x
