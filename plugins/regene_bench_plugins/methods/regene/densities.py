"""Densities of each class's latents, in place of convex combinations of them.

One Gaussian, a mixture of Gaussians, or a normalising flow given the class: of the first principal
components of a trained encoder's latents, since a feature map has a thousand numbers or more, which
a few thousand images of a class do not tell the covariances of. Beyond these components a drawn
latent is at the mean of all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from regene_bench.api import MethodError, Runtime, SampleRng
from regene_bench_plugins.methods.common.flow import (
    FLOW_PARAMS,
    FlowConfig,
    FlowSampler,
    LatentCodes,
    fit_flow,
)
from regene_bench_plugins.methods.common.inference import in_padded_chunks
from regene_bench_plugins.methods.common.mixtures import MixtureSampler, fit_mixture_sampler
from regene_bench_plugins.methods.common.principal import PrincipalCoordinates
from regene_bench_plugins.methods.regene.convex import LatentPool

# For ``Method.sampling_params``: all that says which density is fitted once networks are trained.
DENSITY_PARAMS = FLOW_PARAMS | {"sampler", "components", "sampler_images", "density_dim"}
_COORDINATES = "coordinates."


class LatentDensityConfig(FlowConfig):
    """What latents are drawn from.

    Attributes:
        sampler: ``convex`` for convex combinations of latents of a class, the paper's; or a density
            of each class's latents: ``gaussian``, one Gaussian; ``mixture``, a mixture of them;
            ``flow``, a normalising flow given the class.
        components: Gaussians of a mixture, fewer where a class has too few images for them.
        sampler_images: Training images whose latents Gaussians are fitted to, at most.
        density_dim: Principal components of the latents that a density is of; all if they are
            fewer.
    """

    sampler: Literal["convex", "gaussian", "mixture", "flow"] = "convex"
    components: int = Field(default=5, ge=1, le=1000)
    sampler_images: int = Field(default=20_000, ge=1)
    density_dim: int = Field(default=64, ge=1, le=65536)


class LatentDensity(Protocol):
    """A density of latents of each class."""

    @property
    def dim(self) -> int:
        """How many standard normal numbers a latent is made of."""
        ...

    def place(self, labels: Tensor, chances: Tensor, noise: Tensor) -> Tensor:
        """Turn random numbers into latents, each by its own row alone.

        Args:
            labels: int64 ``[N]``.
            chances: Uniform in [0, 1), ``[N]`` on the CPU.
            noise: Standard normal, ``[N, dim]`` on the CPU.

        Returns:
            float32 ``[N, D]`` on the labels' device.
        """
        ...

    def tensors(self) -> dict[str, Tensor]:
        """What it takes from the data, beside what checkpoints keep."""
        ...


class MixturesOfLatents:
    """Mixtures of Gaussians in principal coordinates.

    Args:
        coordinates: Between coordinates and latents.
        mixtures: One a class.
    """

    def __init__(self, coordinates: PrincipalCoordinates, mixtures: MixtureSampler) -> None:
        self._coordinates = coordinates
        self._mixtures = mixtures

    @property
    def dim(self) -> int:
        """As of ``LatentDensity``."""
        return self._mixtures.dim

    def place(self, labels: Tensor, chances: Tensor, noise: Tensor) -> Tensor:
        """As of ``LatentDensity``."""
        places = self._mixtures.place(labels, chances, noise)
        return in_padded_chunks(self._coordinates.inverse, places)

    def tensors(self) -> dict[str, Tensor]:
        """Coordinates and mixtures, from which ``from_tensors`` makes them again."""
        own = {_COORDINATES + name: value for name, value in vars_of(self._coordinates).items()}
        return own | self._mixtures.tensors()

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> MixturesOfLatents:
        """Make them of what ``tensors`` gave; other tensors may be among them."""
        own = {
            name.removeprefix(_COORDINATES): value
            for name, value in tensors.items()
            if name.startswith(_COORDINATES)
        }
        coordinates = PrincipalCoordinates(*own["basis"].shape).to(own["basis"].device)
        coordinates.load_state_dict(own)
        return cls(coordinates, MixtureSampler.from_tensors(tensors))


class FlowOfLatents:
    """A flow, which has its coordinates in its checkpoint.

    Args:
        flow: Trained.
    """

    def __init__(self, flow: FlowSampler) -> None:
        self._flow = flow

    @property
    def dim(self) -> int:
        """As of ``LatentDensity``."""
        return self._flow.dim

    def place(self, labels: Tensor, chances: Tensor, noise: Tensor) -> Tensor:
        """As of ``LatentDensity``; a flow needs no ``chances``."""
        return self._flow.place(labels, noise)

    def tensors(self) -> dict[str, Tensor]:
        """Nothing."""
        return {}


def vars_of(coordinates: PrincipalCoordinates) -> dict[str, Tensor]:
    """The tensors of a map by name."""
    return dict(coordinates.state_dict())


@dataclass(frozen=True)
class DensityDraw:
    """The random numbers of one candidate.

    Attributes:
        label: Its class.
        chance: Uniform in [0, 1).
        noise: Standard normal, float32 ``[dim]``.
        number: None: no two draws are equal.
    """

    label: int
    chance: float
    noise: np.ndarray
    number: None = None


class DensityCandidates:
    """The candidates of all samples of one batch, drawn from a density.

    Candidate ``t`` of sample ``i`` depends on the seed, ``i``, ``t`` and the label alone.

    Args:
        density: Of the latents.
        rng: Its seed decides the candidates, its start is the index of the batch's first sample.
        device: Where latents shall be.
    """

    noun = "draw"

    def __init__(self, density: LatentDensity, rng: SampleRng, device: torch.device) -> None:
        self._density = density
        self._rng = rng
        self._device = device

    def max_candidates(self, label: int) -> int | None:
        """There is no end to them."""
        return None

    def candidate(self, label: int, i: int, trial: int) -> DensityDraw:
        """Candidate ``trial`` of sample ``i`` of the batch, both counted from 0."""
        generator = self._rng.numpy(i, f"draw of candidate {trial}")
        chance = float(generator.random(dtype=np.float32))
        noise = generator.standard_normal(self._density.dim, dtype=np.float32)
        return DensityDraw(label, chance, noise)

    def latents(self, candidates: Sequence[DensityDraw]) -> Tensor:
        """Latents of candidates, float32 ``[N, D]``."""
        labels = torch.tensor([draw.label for draw in candidates], device=self._device)
        chances = torch.tensor([draw.chance for draw in candidates], dtype=torch.float64)
        noise = torch.from_numpy(np.stack([draw.noise for draw in candidates]))
        return self._density.place(labels, chances, noise)

    def exhausted_error(self, label: int, what: str) -> MethodError:
        """Never wanted, since draws do not end."""
        return MethodError(f"No draw is left for {what}.")


def fit_density(
    config: LatentDensityConfig,
    pool: Callable[[], LatentPool],
    latent_dim: int,
    class_names: Sequence[str],
    runtime: Runtime,
    *,
    kept: Mapping[str, Tensor],
    seen: Mapping[str, object],
) -> Callable[[], LatentDensity]:
    """Make the density that a configuration names, other than ``convex``.

    A flow is trained now, as a stage of its own. Gaussians are fitted when they are first wanted.

    Args:
        config: Which, and its sizes.
        pool: Gives the latents, sorted by class.
        latent_dim: D.
        class_names: In label order.
        runtime: Device, seed, checkpoints.
        kept: What an exported model draws from; empty in a run.
        seen: What else of the parameters decides which latents these are.

    Raises:
        UnavailableError: The flow's library is not installed.
        Interrupted: A stop was asked for; the state is saved.
    """
    if config.sampler == "flow":
        flow = FlowOfLatents(
            fit_flow(
                config,
                LatentCodes(lambda: (pool().latents, labels_of(pool()))),
                latent_dim,
                runtime,
                n_classes=len(class_names),
                dim=config.density_dim,
                seen=seen,
            )
        )
        return lambda: flow
    components = config.components if config.sampler == "mixture" else 1

    @cache
    def density() -> LatentDensity:
        if kept:
            return MixturesOfLatents.from_tensors(kept)
        all_latents = pool()
        step = -(-len(all_latents.latents) // config.sampler_images)
        latents, labels = all_latents.latents[::step], labels_of(all_latents)[::step]
        coordinates = PrincipalCoordinates(latent_dim, min(config.density_dim, latent_dim))
        coordinates.to(latents.device).fit(latents)
        seed = runtime.derive_seed("mixture")
        places = coordinates(latents)
        mixtures = fit_mixture_sampler(places, labels, class_names, components, seed)
        return MixturesOfLatents(coordinates, mixtures)

    return density


def labels_of(pool: LatentPool) -> Tensor:
    """The label of each latent of a pool, int64 ``[M]``."""
    sizes = torch.from_numpy(np.diff(pool.offsets))
    return torch.repeat_interleave(torch.arange(len(sizes)), sizes).to(pool.latents.device)
