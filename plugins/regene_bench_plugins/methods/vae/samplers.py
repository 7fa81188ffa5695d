"""Where codes come from when images are generated."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from regene_bench.api import BenchmarkData, Runtime, SampleRng
from regene_bench_plugins.methods.vae.codes import drawn_codes, evenly, posterior_of
from regene_bench_plugins.methods.vae.mixture import fit_mixtures
from regene_bench_plugins.methods.vae.network import Autoencoding
from regene_bench_plugins.methods.vae.sampler_config import SamplerConfig
from regene_bench_plugins.methods.vae.second_stage import fit_second_stage


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
        data: Its training split gives the codes.
        runtime: Device, seed, checkpoints.

    Raises:
        MethodError: A class has no training image.
        Interrupted: A stop was asked for; the state is saved.
    """
    if config.chosen_sampler == "normal":
        return StandardNormal(network.latent_dim)
    if config.chosen_sampler == "second_stage":
        codes = drawn_codes(posterior_of(network, data.train, runtime), data.train.labels)
        return fit_second_stage(config, codes, data.shape.n_classes, runtime)
    chosen = evenly(data.train, config.sampler_images)
    # The means, as in the authors' code: a draw's noise on top would blur one class into another.
    means = posterior_of(network, chosen, runtime).mean
    components = config.components if config.chosen_sampler == "mixture" else 1
    names = data.class_names if config.conditional else None
    return fit_mixtures(means, chosen.labels, names, components, runtime.derive_seed("mixture"))
