"""Distributions of the generator's noise.

Each draws in two ways: fast on the training's device, and reproducibly on the CPU when a benchmark
samples, where sample i must depend on (seed, i) alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from regene_bench.api import SampleRng


class Noise(Protocol):
    """A distribution over vectors of length ``dim``, which may be 0."""

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    def draw(
        self, n: int, device: torch.device, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draw float32 ``[n, dim]`` for training, from the global generator or another one."""
        ...

    def sample(self, n: int, rng: SampleRng) -> Tensor:
        """Draw float32 ``[n, dim]`` on the CPU; row i comes from the stream of sample i."""
        ...


@dataclass(frozen=True)
class Normal:
    """Every number from the standard normal distribution; methods as of ``Noise``."""

    dim: int

    def draw(
        self, n: int, device: torch.device, generator: torch.Generator | None = None
    ) -> Tensor:
        return torch.randn(n, self.dim, device=device, generator=generator)

    def sample(self, n: int, rng: SampleRng) -> Tensor:
        return rng.normal(n, (self.dim,))


@dataclass(frozen=True)
class Uniform:
    """Every number uniform in [−1, 1); methods as of ``Noise``."""

    dim: int

    def draw(
        self, n: int, device: torch.device, generator: torch.Generator | None = None
    ) -> Tensor:
        return 2 * torch.rand(n, self.dim, device=device, generator=generator) - 1

    def sample(self, n: int, rng: SampleRng) -> Tensor:
        return 2 * rng.uniform(n, (self.dim,)) - 1
