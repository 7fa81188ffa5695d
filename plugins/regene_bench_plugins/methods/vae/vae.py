"""The variational autoencoder (Kingma & Welling 2014)."""

from __future__ import annotations

from typing import Any

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.methods.vae.build import unconditional_network
from regene_bench_plugins.methods.vae.config import SAMPLER_PARAMS, PixelConfig, SamplerConfig
from regene_bench_plugins.methods.vae.model import VariationalModel
from regene_bench_plugins.methods.vae.network import GaussianHeads
from regene_bench_plugins.methods.vae.objectives import NegativeELBO
from regene_bench_plugins.methods.vae.presets import network_preset, pixel_preset, sampler_preset
from regene_bench_plugins.methods.vae.samplers import fit_sampler
from regene_bench_plugins.methods.vae.training import fit_autoencoder


class VAEConfig(SamplerConfig, PixelConfig):
    """Networks, pixels and sampler."""


class VAE(Method):
    """Reconstruction and divergence; classes by a density of codes for each, fitted afterwards.

    With ``conditional=false`` codes come from the standard normal, as in the paper.
    """

    version = "2"
    Config = VAEConfig
    config: VAEConfig
    sampling_params = SAMPLER_PARAMS

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """Convolutional networks in place of the paper's perceptrons, in every preset."""
        return network_preset(preset, shape) | pixel_preset(shape) | sampler_preset(preset)

    def fit(self, data: BenchmarkData, runtime: Runtime) -> VariationalModel:
        """Train on ``data.train_generated()``, then fit the sampler."""
        config = self.config
        with runtime.seeded("init"):
            network = unconditional_network(config, data.shape, GaussianHeads)
            objective = NegativeELBO(pixels := config.pixels())
        images = data.train_generated()
        plan = config.plan(len(images))
        fit_autoencoder("vae", network, objective, plan, images, runtime)
        sampler = fit_sampler(config, network, data, runtime)
        return VariationalModel(network, sampler, config.conditional, pixels)
