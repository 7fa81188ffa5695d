"""Where codes come from when images are generated: densities fitted to a trained network's codes.

``fit_sampler`` makes the one that a configuration names: the standard normal, Gaussians or mixtures
of them fitted to posterior means (Ghosh et al. 2020, section 4), or a second stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor

from regene_bench.api import BenchmarkData, DeviceImages, MethodError, Runtime, SampleRng
from regene_bench_plugins.methods.common.inference import CHUNK
from regene_bench_plugins.methods.vae.config import SamplerConfig
from regene_bench_plugins.methods.vae.network import Autoencoding, Posterior
from regene_bench_plugins.methods.vae.second_stage import drawn_codes, fit_second_stage

_EXPECTATION_STEPS = 200


class Sampler(Protocol):
    """Draws codes for labels."""

    def draw(self, labels: Tensor, rng: SampleRng) -> Tensor:
        """One code for each label, int64 ``[N]``: float32 ``[N, D]`` on the labels' device.

        Code ``i`` depends on ``(rng.seed, rng.start + i)`` and its label alone.
        """
        ...


class StandardNormal:
    """N(0, I) for every label.

    Args:
        latent_dim: D.
    """

    def __init__(self, latent_dim: int) -> None:
        self._latent_dim = latent_dim

    def draw(self, labels: Tensor, rng: SampleRng) -> Tensor:
        """As of ``Sampler``."""
        return rng.normal(len(labels), (self._latent_dim,)).to(labels.device)


def fit_sampler(
    config: SamplerConfig, network: Autoencoding, data: BenchmarkData, runtime: Runtime
) -> Sampler:
    """Make the sampler that a configuration asks for, of a trained network's codes.

    Args:
        config: Which, and its sizes.
        network: An encoder that looks at no labels.
        data: Its training split gives the codes; without labels, that of the generated classes.
        runtime: Device, seed, checkpoints.

    Raises:
        MethodError: A class has no training image.
        Interrupted: A stop was asked for; the state is saved.
    """
    if not config.conditional:
        data = data.without_other_classes()
    if config.chosen_sampler == "normal":
        return StandardNormal(network.latent_dim)
    if config.chosen_sampler == "second_stage":
        codes = drawn_codes(posterior_of_split(network, data.train, runtime), data.train.labels)
        return fit_second_stage(config, codes, data.shape.n_classes, runtime)
    chosen = data.train.every_kth(config.sampler_images)
    # The means, as in the authors' code: a draw's noise on top would blur one class into another.
    means = posterior_of_split(network, chosen, runtime).mean
    components = config.components if config.chosen_sampler == "mixture" else 1
    names = data.class_names if config.conditional else None
    return fit_mixture_sampler(
        means, chosen.labels, names, components, runtime.derive_seed("mixture")
    )


@torch.inference_mode()
def posterior_of_split(network: Autoencoding, split: DeviceImages, runtime: Runtime) -> Posterior:
    """Posteriors of the codes of all images of a split, in its order.

    Raises:
        Interrupted: A stop was asked for.
    """
    means, log_variances = [], []
    for images, labels in split.chunks(CHUNK):
        runtime.stop.check()
        with runtime.autocast():
            found = network.posterior(images, labels)
        means.append(found.mean)
        if found.log_variance is not None:
            log_variances.append(found.log_variance)
    log_variance = torch.cat(log_variances) if log_variances else None
    return Posterior(torch.cat(means), log_variance)


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

    def draw(self, labels: Tensor, rng: SampleRng) -> Tensor:
        """One code for each label, int64 ``[N]``: float32 ``[N, D]``."""
        noise = rng.normal(len(labels), self._mixtures[0].means.shape[1:]).double()
        chances = rng.uniform(len(labels), ()).double()
        if len(self._mixtures) == 1:
            return self._mixtures[0].place(chances, noise).float().to(labels.device)
        codes = torch.empty_like(noise)
        here = labels.cpu()
        for label in sorted(set(here.tolist())):
            own = here == label
            codes[own] = self._mixtures[label].place(chances[own], noise[own])
        return codes.float().to(labels.device)


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
