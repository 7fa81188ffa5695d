"""Where codes come from when images are generated: densities fitted to a trained network's codes.

``fit_sampler`` makes the one that a configuration names: the standard normal, Gaussians or mixtures
of them fitted to posterior means (Ghosh et al. 2020, section 4), a second stage or a flow.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from regene_bench.api import BenchmarkData, DeviceImages, Runtime, SampleRng
from regene_bench_plugins.methods.common.flow import LatentCodes, fit_flow, require_zuko
from regene_bench_plugins.methods.common.inference import CHUNK
from regene_bench_plugins.methods.common.mixtures import fit_mixture_sampler
from regene_bench_plugins.methods.vae.config import SamplerConfig
from regene_bench_plugins.methods.vae.network import Autoencoding, Posterior
from regene_bench_plugins.methods.vae.second_stage import drawn_codes, fit_second_stage


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


def require_sampler(config: SamplerConfig) -> None:
    """Find out whether what a sampler needs is there, before a network is trained for it.

    Raises:
        UnavailableError: A library is missing.
    """
    if config.chosen_sampler == "flow":
        require_zuko()


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
        UnavailableError: A library is missing.
        Interrupted: A stop was asked for; the state is saved.
    """
    if not config.conditional:
        data = data.without_other_classes()
    if config.chosen_sampler == "normal":
        return StandardNormal(network.latent_dim)
    if config.chosen_sampler == "second_stage":
        codes = drawn_codes(posterior_of_split(network, data.train, runtime), data.train.labels)
        return fit_second_stage(config, codes, data.shape.n_classes, runtime)
    if config.chosen_sampler == "flow":
        # of means, as the mixtures
        codes_made = LatentCodes(
            lambda: (posterior_of_split(network, data.train, runtime).mean, data.train.labels)
        )
        classes = data.shape.n_classes if config.conditional else 0
        return fit_flow(config, codes_made, network.latent_dim, runtime, n_classes=classes)
    chosen = data.train.every_kth(config.sampler_images)
    # The means, as in the authors' code: a draw's noise on top would blur one class into another.
    means = posterior_of_split(network, chosen, runtime).mean
    components = config.mixture_components if config.chosen_sampler == "mixture" else 1
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
