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

    def draw(self, n: int, device: torch.device) -> Tensor:
        """Draw ``[n, dim]`` from the global generator."""
        ...

    def sample(self, n: int, rng: SampleRng) -> Tensor:
        """Draw ``[n, dim]`` on the CPU from streams of their own."""
        ...


@dataclass(frozen=True)
class Normal:
    """Standard normal."""

    dim: int

    def draw(self, n: int, device: torch.device) -> Tensor:
        return torch.randn(n, self.dim, device=device)

    def sample(self, n: int, rng: SampleRng) -> Tensor:
        return rng.normal(n, (self.dim,))


@dataclass(frozen=True)
class Uniform:
    """Uniform in [−1, 1)."""

    dim: int

    def draw(self, n: int, device: torch.device) -> Tensor:
        return 2 * torch.rand(n, self.dim, device=device) - 1

    def sample(self, n: int, rng: SampleRng) -> Tensor:
        return 2 * rng.uniform(n, (self.dim,)) - 1
