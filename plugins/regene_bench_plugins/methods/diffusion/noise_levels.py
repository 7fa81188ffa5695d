"""Karras et al.'s sampler: down a ladder of noise levels, with or without fresh noise on the way.

Karras, Aittala, Aila & Laine 2022, algorithms 1 (``churn`` of 0) and 2, with σ(t) = t and no scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor

from regene_bench_plugins.methods.diffusion.ode import STEPS, SolverName, euler
from regene_bench_plugins.methods.diffusion.sampler import DrawNoise, Predict

_MOST_CHURN = math.sqrt(2) - 1


@dataclass(frozen=True)
class NoiseLevels:
    """Follows dx/dσ = (x − D(x; σ)) / σ from the highest level to 0.

    Attributes:
        steps: From level to level; Heun's look twice, but for the last.
        solver: Of each step but the last, which is Euler's: the equation has no direction at 0.
        sigma_min: The last level before 0.
        sigma_max: The first level.
        rho: How much closer together levels are where they are low (ρ).
        churn: How much noise is added anew, over all steps (S_churn); 0 for none.
        churn_min: The lowest level at which it is added (S_tmin).
        churn_max: The highest level (S_tmax).
        churn_noise: Standard deviation of that noise (S_noise).
    """

    steps: int
    solver: SolverName = "heun"
    sigma_min: float = 0.002
    sigma_max: float = 80.0
    rho: float = 7.0
    churn: float = 0.0
    churn_min: float = 0.05
    churn_max: float = 50.0
    churn_noise: float = 1.003

    def levels(self) -> list[float]:
        """``steps`` levels from the highest to the lowest, and 0 (equation 5).

        They are equally far apart as ρ-th roots; a single one is the highest.
        """
        high, low = self.sigma_max ** (1 / self.rho), self.sigma_min ** (1 / self.rho)
        shares = [i / (self.steps - 1) for i in range(1, self.steps - 1)]
        between = [(high + share * (low - high)) ** self.rho for share in shares]
        # the ends as they were given: churn is for levels up to them
        last = [self.sigma_min] if self.steps > 1 else []
        return [self.sigma_max, *between, *last, 0.0]

    def draw(self, predict: Predict, noise: DrawNoise) -> Tensor:
        """Turn noise into images; ``predict`` removes noise of a level. As of ``Sampler``."""

        def slope(x: Tensor, sigma: float) -> Tensor:
            return (x - predict(x, sigma)) / sigma

        levels = self.levels()
        x = levels[0] * noise("start")
        for i, (sigma, following) in enumerate(pairwise(levels)):
            raised = sigma * (1 + self._added(sigma))
            if raised > sigma:
                missing = math.sqrt(raised**2 - sigma**2)
                x = x + missing * self.churn_noise * noise(f"churn {i}")
            step = STEPS[self.solver] if following else euler
            x = step(slope, x, raised, following)
        return x

    def _added(self, sigma: float) -> float:
        """By what share of itself a level is raised (γ)."""
        inside = self.churn_min <= sigma <= self.churn_max
        return min(self.churn / self.steps, _MOST_CHURN) if inside else 0.0
