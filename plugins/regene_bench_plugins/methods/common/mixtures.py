"""Mixtures of Gaussians fitted to codes: one for each class, or one for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor

from regene_bench.api import MethodError, SampleRng

_EXPECTATION_STEPS = 200


@dataclass(frozen=True)
class GaussianMixtureDensity:
    """A mixture of Gaussians with full covariances, float64 on the CPU.

    Attributes:
        shares: Cumulative weights of the components, ``[M]``.
        means: ``[M, D]``.
        factors: Lower Cholesky factors of the covariances, ``[M, D, D]``.
    """

    shares: Tensor
    means: Tensor
    factors: Tensor

    def place(self, chances: Tensor, noise: Tensor) -> Tensor:
        """Turn uniform ``[N]`` and standard normal ``[N, D]`` numbers into codes ``[N, D]``."""
        last = len(self.shares) - 1
        chosen = torch.searchsorted(self.shares, chances, right=True).clamp(max=last)
        codes = torch.empty_like(noise)
        for component in sorted(set(chosen.tolist())):
            own = chosen == component
            codes[own] = self.means[component] + noise[own] @ self.factors[component].T
        return codes


class MixtureSampler:
    """A sampler from a mixture for each class, or from one for all.

    Args:
        mixtures: In label order; a single one for all labels.
    """

    def __init__(self, mixtures: Sequence[GaussianMixtureDensity]) -> None:
        self._mixtures = tuple(mixtures)

    @property
    def dim(self) -> int:
        """D of codes ``[N, D]``."""
        return self._mixtures[0].means.shape[1]

    def draw(self, labels: Tensor, rng: SampleRng) -> Tensor:
        """One code for each label, int64 ``[N]``: float32 ``[N, D]``."""
        noise = rng.normal(len(labels), (self.dim,))
        return self.place(labels, rng.uniform(len(labels), ()), noise)

    def place(self, labels: Tensor, chances: Tensor, noise: Tensor) -> Tensor:
        """Turn random numbers on the CPU into codes, each by its own row alone.

        Args:
            labels: int64 ``[N]``.
            chances: Uniform in [0, 1), ``[N]``.
            noise: Standard normal, ``[N, D]``.

        Returns:
            float32 ``[N, D]`` on the labels' device.
        """
        noise, chances = noise.double(), chances.double()
        if len(self._mixtures) == 1:
            return self._mixtures[0].place(chances, noise).float().to(labels.device)
        codes = torch.empty_like(noise)
        here = labels.cpu()
        for label in sorted(set(here.tolist())):
            own = here == label
            codes[own] = self._mixtures[label].place(chances[own], noise[own])
        return codes.float().to(labels.device)

    def tensors(self) -> dict[str, Tensor]:
        """The mixtures as tensors, from which ``from_tensors`` makes them again."""
        return {
            f"mixtures.{label}.{name}": value
            for label, mixture in enumerate(self._mixtures)
            for name, value in vars(mixture).items()
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> MixtureSampler:
        """Make a sampler of what ``tensors`` gave; other tensors may be among them."""
        found: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            if key.startswith("mixtures."):
                _, label, name = key.split(".")
                found.setdefault(int(label), {})[name] = value.cpu()
        return cls([GaussianMixtureDensity(**found[label]) for label in sorted(found)])


def fit_mixture_sampler(
    codes: Tensor, labels: Tensor, class_names: Sequence[str] | None, components: int, seed: int
) -> MixtureSampler:
    """Fit a mixture to the codes of each class, or one to all where no classes are named.

    Args:
        codes: float32 ``[N, D]``.
        labels: int64 ``[N]``.
        class_names: In label order, or ``None``.
        components: Gaussians of each mixture, fewer where there are not D + 1 codes for each.
        seed: Where expectation–maximisation starts.

    Raises:
        MethodError: A class has no codes.
    """
    values = codes.double().cpu().numpy()
    if class_names is None:
        return MixtureSampler([_fitted(values, components, seed)])
    here = labels.cpu().numpy()
    mixtures = []
    for label, name in enumerate(class_names):
        own = values[here == label]
        if not len(own):
            raise MethodError(
                f"There is no training image of {name} to fit a density to.",
                hint="Raise sampler_images.",
            )
        mixtures.append(_fitted(own, components, seed))
    return MixtureSampler(mixtures)


def _fitted(codes: np.ndarray, components: int, seed: int) -> GaussianMixtureDensity:
    if len(codes) == 1:
        nothing = torch.zeros(1, *2 * codes.shape[1:], dtype=torch.float64)
        return GaussianMixtureDensity(nothing.new_ones(1), torch.from_numpy(codes), nothing)
    model = GaussianMixture(
        min(components, max(1, len(codes) // (codes.shape[1] + 1))),
        # Lloyd's iterations add up in the order in which threads end; seeds alone do not.
        init_params="k-means++",
        max_iter=_EXPECTATION_STEPS,
        random_state=seed % 2**32,
    ).fit(codes)
    return GaussianMixtureDensity(
        torch.from_numpy(model.weights_.cumsum()),
        torch.from_numpy(model.means_),
        torch.linalg.cholesky(torch.from_numpy(model.covariances_)),
    )
