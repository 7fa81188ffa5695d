"""The two-stage variational autoencoder (Dai & Wipf 2019).

``paper`` has latents, batches, epochs and rates of the authors' code for MNIST, Fashion-MNIST and
CIFAR-10 (github.com/daib13/TwoStageVAE): one rate for weights and both γ, halved every 150 epochs
in the first stage and every 300 in the second. Departures: this benchmark's blocks in place of
InfoGAN's with spectral norms in the encoder; the first encoder's deviation is an exponential, not
a softplus; the lengths that they have for CelebA are not used; there may be labels.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.methods.vae.build import unconditional_network
from regene_bench_plugins.methods.vae.config import (
    SAMPLER_PARAMS,
    NetworkConfig,
    SamplerConfig,
    SamplerName,
)
from regene_bench_plugins.methods.vae.model import VariationalModel
from regene_bench_plugins.methods.vae.network import GaussianHeads
from regene_bench_plugins.methods.vae.objectives import NegativeELBO
from regene_bench_plugins.methods.vae.pixels import GaussianPixels
from regene_bench_plugins.methods.vae.presets import network_preset, sampler_preset
from regene_bench_plugins.methods.vae.samplers import fit_sampler, require_sampler
from regene_bench_plugins.methods.vae.training import fit_autoencoder

_FIRST_SIGMA = 1.0


class TwoStageVAEConfig(SamplerConfig, NetworkConfig):
    """Networks of both stages; the pixels' standard deviation is learned.

    Attributes:
        sampler: As of the other autoencoders; the paper's is the second stage.
    """

    sampler: SamplerName | None = "second_stage"


class TwoStageVAE(Method):
    """A VAE with learned γ, and a second one that learns where the first one's codes lie.

    The paper's networks see no labels; with ``conditional`` the second stage has them beside both
    of its inputs.
    """

    version = "4"
    Config = TwoStageVAEConfig
    config: TwoStageVAEConfig
    sampling_params = SAMPLER_PARAMS

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: latents, batches, epochs and rates of its authors' code, on our networks."""
        values = network_preset(preset, shape) | sampler_preset(preset)
        if preset == "paper":
            values |= {
                "latent_dim": 64,
                "batch_size": 64,
                "epochs": 400,
                "learning_rate": 1e-4,
                "halved_every": 150,
            }
        return values

    def fit(self, data: BenchmarkData, runtime: Runtime) -> VariationalModel:
        """Train the first stage on ``data.train_generated()``, then the second on its codes."""
        config = self.config
        require_sampler(config)
        with runtime.seeded("init"):
            network = unconditional_network(config, data.shape, GaussianHeads)
            objective = NegativeELBO(pixels := GaussianPixels(_FIRST_SIGMA, learned=True))
        images = data.train_generated()
        plan = replace(config.plan(len(images)), objective_rate=config.gamma_rate)
        fit_autoencoder("first_stage", network, objective, plan, images, runtime)
        sampler = fit_sampler(config, network, data, runtime)
        return VariationalModel(network, sampler, config.conditional, pixels)
