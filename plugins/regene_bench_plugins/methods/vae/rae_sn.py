"""The regularised autoencoder with spectral normalisation (Ghosh et al. 2020).

``paper`` follows the authors' code (``ghosh``): weights of 0.009, 0.03 and 0.0024 of the mean
square of a code's numbers against the mean squared error of a value, rates of 5e-4, of 1e-3 for
CelebA's kind. Departures are those that ``ghosh`` names and classes by a density of codes for each.
Their own numbers are of one Gaussian, with mean zero: ``conditional=false,sampler=gaussian``.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.methods.common.image_kinds import is_colour
from regene_bench_plugins.methods.vae.build import unconditional_network
from regene_bench_plugins.methods.vae.config import (
    SAMPLER_PARAMS,
    PixelBiasConfig,
    SamplerConfig,
    SamplerName,
)
from regene_bench_plugins.methods.vae.ghosh import against_summed_error, ghosh_preset, of_kind
from regene_bench_plugins.methods.vae.model import AutoencodingModel
from regene_bench_plugins.methods.vae.network import Autoencoding, PointHeads
from regene_bench_plugins.methods.vae.objectives import RAEObjective
from regene_bench_plugins.methods.vae.presets import network_preset, sampler_preset
from regene_bench_plugins.methods.vae.samplers import fit_sampler, require_sampler
from regene_bench_plugins.methods.vae.training import fit_autoencoder
from regene_bench_plugins.networks.spectral import spectrally_normalised

_WEIGHTS = (0.009, 0.03, 0.0024)


class RAESNConfig(SamplerConfig, PixelBiasConfig):
    """The penalty on codes.

    Attributes:
        embedding_weight: Factor on the mean square of a code's numbers, against the mean squared
            error of a pixel's, as the authors' code counts them: MNIST's images as 32×32.
        sampler: As of the other autoencoders; a mixture whether there are classes or not.
    """

    embedding_weight: float = Field(default=0.009, ge=0)
    sampler: SamplerName | None = "mixture"


class RAESN(Method):
    """A deterministic autoencoder, smooth by the spectral norm of every layer of both networks.

    A mixture of Gaussians, of 10 in the authors' code, is fitted to its codes afterwards, one for
    each class.
    """

    version = "5"
    Config = RAESNConfig
    config: RAESNConfig
    sampling_params = SAMPLER_PARAMS

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: the authors'."""
        values = network_preset(preset, shape) | sampler_preset(preset)
        weight = {"embedding_weight": of_kind(_WEIGHTS, shape)}
        if preset == "paper":
            settings = ghosh_preset(shape, epochs=(100, 100, 70), rates=(5e-4, 5e-4, 1e-3))
            return values | settings | weight
        values |= weight
        # With all norms at 1 only batch normalisation can raise logits, by about a rate a step.
        # Convolutions leave a haze in so short a training; in colour it has not been tried.
        # Ten Gaussians for the codes of a class, of 20,000 images in all, keep too near to these.
        tried = preset == "quick" and not is_colour(shape)
        own = {"pixel_bias": True, "components": None} if tried else {}
        return values | {"learning_rate": 4e-3} | own

    def fit(self, data: BenchmarkData, runtime: Runtime) -> AutoencodingModel:
        """Train on ``data.train_generated()``, then fit the sampler."""
        config, shape = self.config, data.shape
        require_sampler(config)
        with runtime.seeded("init"):
            network = _normalised(
                unconditional_network(config, shape, PointHeads, pixel_bias=config.pixel_bias)
            )
        summed = against_summed_error(config.embedding_weight, shape)
        objective = RAEObjective(2 * summed / config.latent_dim)
        images = data.train_generated()
        plan = config.plan(len(images))
        fit_autoencoder("rae_sn", network, objective, plan, images, runtime)
        sampler = fit_sampler(config, network, data, runtime)
        return AutoencodingModel(network, sampler, config.conditional)


def _normalised(network: Autoencoding) -> Autoencoding:
    """Normalise both networks; the decoder as the transposed convolutions that it stands for.

    The authors' layers take the norm of what a transposed convolution makes of each input. Of the
    last one, which gives a single channel, the norm of what makes each output would be that of all
    its weights together, and no pixel could come near black or white for a long time.
    """
    for name, part in network.named_children():
        spectrally_normalised(part, transposed=name == "decoder")
    return network
