"""BEGAN: a discriminator that is an autoencoder (Berthelot et al. 2017)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.gan.config import GANConfig, code_entrance, quick_images, quick_rates
from regene_bench_plugins.gan.equilibrium import Equilibrium
from regene_bench_plugins.gan.model import GANModel
from regene_bench_plugins.gan.noise import Uniform
from regene_bench_plugins.gan.training import Game, play
from regene_bench_plugins.methods.presets import is_small
from regene_bench_plugins.networks.autoencoding import (
    AutoencoderDiscriminator,
    UpsamplingGenerator,
)
from regene_bench_plugins.networks.conditioning import NoiseAndLabel, NoiseOnly


class BEGANConfig(GANConfig):
    """Sizes of the networks and the balance.

    Attributes:
        noise_dim: Length of the noise, which is uniform in [−1, 1].
        code_dim: Length of the autoencoder's code.
        width: Channels next to the image.
        gamma: Diversity ratio: error of generated images over error of real ones.
        gain: How fast the balance follows.
    """

    noise_dim: int = Field(default=64, ge=0, le=4096)
    code_dim: int = Field(default=64, ge=1, le=4096)
    width: int = Field(default=64, ge=1, le=4096)
    gamma: float = Field(default=0.5, ge=0, le=1)
    gain: float = Field(default=1e-3, gt=0, le=1)
    batch_size: int = Field(default=16, ge=2)
    generator_learning_rate: float = Field(default=1e-4, gt=0)
    discriminator_learning_rate: float = Field(default=1e-4, gt=0)

    def kept(self, shape: ImageShape) -> NoiseOnly | NoiseAndLabel:
        """What the autoencoder's decoder is given: the code, and the label if there is one."""
        if self.conditional:
            return NoiseAndLabel(self.code_dim, shape.n_classes)
        return NoiseOnly(self.code_dim)


class BEGAN(Method):
    """Reconstruction errors in balance; labels beside the noise and beside the code."""

    Config = BEGANConfig
    config: BEGANConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: 64 channels, γ = ½, without an average."""
        if preset == "quick":
            return (
                {"images": quick_images(shape), "width": 16, "gain": 1e-2, "gamma": 0.7}
                | {"batch_size": 64 if is_small(shape) else 32}
                | quick_rates(shape)
                | {"generator_learning_rate": 3e-4, "discriminator_learning_rate": 3e-4}
            )
        if preset == "standard":
            return {"images": 1_500_000, "width": 32}
        return {"images": 3_200_000, "average": 0.0}

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GANModel:
        """Train both networks on ``data.train``."""
        config, shape = self.config, data.shape
        with runtime.seeded("init"):
            game = Game(
                generator=UpsamplingGenerator(shape, code_entrance(config, shape), config.width),
                discriminator=AutoencoderDiscriminator(
                    shape, config.kept(shape), config.code_dim, config.width
                ),
                loss=Equilibrium(config.gamma, config.gain),
                noise=Uniform(config.noise_dim),
            )
        return play("began", game, config, data, runtime)
