"""Distributions of the generator's noise, in training and in sampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from regene_bench.api import SampleRng


class Noise(Protocol):
    """A distribution over vectors of length ``dim``, which may be 0."""

    @property
    def dim(self) -> int: ...

    def draw(
        self, n: int, device: torch.device, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draw ``[n, dim]``, from the global generator unless another is given."""
        ...

    def sample(self, n: int, rng: SampleRng) -> Tensor:
        """Draw ``[n, dim]`` on the CPU from streams of their own."""
        ...


@dataclass(frozen=True)
class Normal:
    """Standard normal."""

    dim: int

    def draw(
        self, n: int, device: torch.device, generator: torch.Generator | None = None
    ) -> Tensor:
        return torch.randn(n, self.dim, device=device, generator=generator)

    def sample(self, n: int, rng: SampleRng) -> Tensor:
        return rng.normal(n, (self.dim,))


@dataclass(frozen=True)
class Uniform:
    """Uniform in [−1, 1)."""

    dim: int

    def draw(
        self, n: int, device: torch.device, generator: torch.Generator | None = None
    ) -> Tensor:
        return 2 * torch.rand(n, self.dim, device=device, generator=generator) - 1

    def sample(self, n: int, rng: SampleRng) -> Tensor:
        return 2 * rng.uniform(n, (self.dim,)) - 1
