"""Where latents come from once networks are trained: convex combinations, or a density."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import torch
from torch import Tensor

from regene_bench.api import BenchmarkData, Runtime, SampleRng
from regene_bench_plugins.methods.common.flow import require_zuko
from regene_bench_plugins.methods.regene.candidates import Candidates
from regene_bench_plugins.methods.regene.convex import CandidateSource, ConvexWeights, LatentPool
from regene_bench_plugins.methods.regene.densities import (
    DensityCandidates,
    LatentDensity,
    LatentDensityConfig,
    fit_density,
)
from regene_bench_plugins.methods.regene.encoder_decoder import EncoderDecoderConfig


class LatentSampler(Protocol):
    """Gives candidates for new latents."""

    def candidates(self, rng: SampleRng) -> Candidates:
        """The candidates of the batch whose first sample ``rng`` tells."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """What it takes from the data, beside what checkpoints keep, by name."""
        ...


class ConvexSampler:
    """Combines latents of one class.

    Args:
        pool: Gives the latents.
        weights: How they are combined.
    """

    def __init__(self, pool: Callable[[], LatentPool], weights: ConvexWeights) -> None:
        self._pool = pool
        self._weights = weights

    def candidates(self, rng: SampleRng) -> Candidates:
        """As of ``LatentSampler``."""
        return CandidateSource(self._pool(), self._weights, rng)

    def tensors(self) -> dict[str, Tensor]:
        """The pool."""
        return self._pool().tensors()


class DensitySampler:
    """Draws latents from a density.

    Args:
        density: Gives it.
        device: Where latents shall be.
    """

    def __init__(self, density: Callable[[], LatentDensity], device: torch.device) -> None:
        self._density = density
        self._device = device

    def candidates(self, rng: SampleRng) -> Candidates:
        """As of ``LatentSampler``."""
        return DensityCandidates(self._density(), rng, self._device)

    def tensors(self) -> dict[str, Tensor]:
        """The density."""
        return self._density().tensors()


def require_sampler(config: LatentDensityConfig) -> None:
    """Find out whether what a sampler needs is there, before a network is trained for it.

    Raises:
        UnavailableError: A library is missing.
    """
    if config.sampler == "flow":
        require_zuko()


def latents_needed(config: EncoderDecoderConfig) -> int:
    """How many latents of a class a sampler needs at least."""
    return config.n_combined if config.sampler == "convex" else 1


def make_sampler(
    config: EncoderDecoderConfig,
    pool: Callable[[], LatentPool],
    latent_dim: int,
    data: BenchmarkData,
    runtime: Runtime,
    *,
    kept: Mapping[str, Tensor],
    seen: Mapping[str, object] | None = None,
) -> LatentSampler:
    """Make the sampler that a configuration names, of a trained encoder's latents.

    Args:
        config: Which, and its sizes.
        pool: Gives the latents; asked when they are wanted.
        latent_dim: Their length D.
        data: Names the classes.
        runtime: Device, seed, checkpoints.
        kept: What an exported model draws from; empty in a run.
        seen: What else of the parameters decides which latents these are.

    Raises:
        UnavailableError: A library is missing.
        Interrupted: A stop was asked for; the state is saved.
    """
    if config.sampler == "convex":
        return ConvexSampler(pool, config.convex_weights)
    density = fit_density(
        config, pool, latent_dim, data.class_names, runtime, kept=kept, seen=seen or {}
    )
    return DensitySampler(density, runtime.device)
