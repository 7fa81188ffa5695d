"""The variational autoencoder (Kingma & Welling 2014).

``paper`` is the VAE that Ghosh et al. (2020) compare with, by their code (``ghosh``): convolutions
in place of Kingma & Welling's perceptrons, the squared error, and weights of the divergence of
0.312, 0.024 and 0.09024. Departures beside those that ``ghosh`` names: the logarithm of the
deviation is not bounded to ±5 by a hyperbolic tangent; batches of CelebA's kind are of 100, not of
1,000; and classes are by a density of codes for each, which theirs have not.
"""

from __future__ import annotations

from typing import Any

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.methods.vae.build import unconditional_network
from regene_bench_plugins.methods.vae.config import SAMPLER_PARAMS, PixelConfig, SamplerConfig
from regene_bench_plugins.methods.vae.ghosh import ghosh_pixels, ghosh_preset
from regene_bench_plugins.methods.vae.model import VariationalModel
from regene_bench_plugins.methods.vae.network import GaussianHeads
from regene_bench_plugins.methods.vae.objectives import NegativeELBO
from regene_bench_plugins.methods.vae.presets import network_preset, pixel_preset, sampler_preset
from regene_bench_plugins.methods.vae.samplers import fit_sampler, require_sampler
from regene_bench_plugins.methods.vae.training import fit_autoencoder

_KL_WEIGHTS = (0.312, 0.024, 0.09024)


class VAEConfig(SamplerConfig, PixelConfig):
    """Networks, pixels and sampler."""


class VAE(Method):
    """Reconstruction and divergence; classes by a density of codes for each, fitted afterwards.

    With ``conditional=false`` codes come from the standard normal, as in both papers.
    """

    version = "3"
    Config = VAEConfig
    config: VAEConfig
    sampling_params = SAMPLER_PARAMS

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: Ghosh et al.'s, at 1e-4; shorter ones have the pixels that suit images."""
        if preset == "paper":
            settings = ghosh_preset(shape, epochs=(100, 100, 70), rates=(1e-4, 1e-4, 1e-4))
            return settings | ghosh_pixels(_KL_WEIGHTS, shape) | sampler_preset(preset)
        return network_preset(preset, shape) | pixel_preset(shape) | sampler_preset(preset)

    def fit(self, data: BenchmarkData, runtime: Runtime) -> VariationalModel:
        """Train on ``data.train_generated()``, then fit the sampler."""
        config = self.config
        require_sampler(config)
        with runtime.seeded("init"):
            network = unconditional_network(config, data.shape, GaussianHeads)
            objective = NegativeELBO(pixels := config.pixels())
        images = data.train_generated()
        plan = config.plan(len(images))
        fit_autoencoder("vae", network, objective, plan, images, runtime)
        sampler = fit_sampler(config, network, data, runtime)
        return VariationalModel(network, sampler, config.conditional, pixels)
