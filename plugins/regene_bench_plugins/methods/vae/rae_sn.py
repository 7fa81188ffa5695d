"""The regularised autoencoder with spectral normalisation (Ghosh et al. 2020)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.methods.common.image_kinds import is_cifar_like, is_colour
from regene_bench_plugins.methods.vae.build import unconditional_network
from regene_bench_plugins.methods.vae.config import (
    SAMPLER_PARAMS,
    NetworkConfig,
    SamplerConfig,
    SamplerName,
)
from regene_bench_plugins.methods.vae.model import AutoencodingModel
from regene_bench_plugins.methods.vae.network import PointHeads
from regene_bench_plugins.methods.vae.objectives import RAEObjective
from regene_bench_plugins.methods.vae.presets import sampler_preset, wide_preset
from regene_bench_plugins.methods.vae.samplers import fit_sampler
from regene_bench_plugins.methods.vae.training import fit_autoencoder
from regene_bench_plugins.networks.spectral import spectrally_normalised


class RAESNConfig(SamplerConfig, NetworkConfig):
    """The penalty on codes.

    Attributes:
        embedding_weight: Factor on the mean square of a code's numbers, against the mean squared
            error of a pixel's, as the authors' code counts them.
        sampler: As of the other autoencoders; a mixture whether there are classes or not.
    """

    embedding_weight: float = Field(default=0.009, ge=0)
    sampler: SamplerName | None = "mixture"


class RAESN(Method):
    """A deterministic autoencoder, smooth by the spectral norm of every layer of both networks.

    A mixture of 10 Gaussians is fitted to its codes afterwards, one for each class.
    """

    version = "2"
    Config = RAESNConfig
    config: RAESNConfig
    sampling_params = SAMPLER_PARAMS

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: latents, weights, widths, batches, epochs of its MNIST, CIFAR-10, CelebA."""
        values = wide_preset(preset, shape) | sampler_preset(preset)
        latent_dim, weight = _paper_penalty(shape)
        values |= {"embedding_weight": weight}
        if preset == "paper":
            return values | {"latent_dim": latent_dim, "learning_rate": 5e-4}
        # With all norms at 1 only batch normalisation can raise logits, by about a rate a step.
        return values | {"learning_rate": 4e-3}

    def fit(self, data: BenchmarkData, runtime: Runtime) -> AutoencodingModel:
        """Train on ``data.train_generated()``, then fit the sampler."""
        config, shape = self.config, data.shape
        with runtime.seeded("init"):
            network = spectrally_normalised(unconditional_network(config, shape, PointHeads))
        # Sums over pixels are ``values`` times the means that the weight refers to.
        values = shape.channels * shape.height * shape.width
        objective = RAEObjective(2 * config.embedding_weight * values / config.latent_dim)
        images = data.train_generated()
        plan = config.plan(len(images))
        fit_autoencoder("rae_sn", network, objective, plan, images, runtime)
        sampler = fit_sampler(config, network, data, runtime)
        return AutoencodingModel(network, sampler, config.conditional)


def _paper_penalty(shape: ImageShape) -> tuple[int, float]:
    """Length of z and embedding weight for grey, small coloured and large coloured images."""
    if not is_colour(shape):
        return 16, 0.009
    return (128, 0.03) if is_cifar_like(shape) else (64, 0.0024)
