"""BEGAN: a discriminator that is an autoencoder (Berthelot et al. 2017).

Networks and settings of ``paper`` are those that Lucic et al. (2018) compare, whose numbers papers
report: ``compare_gan/src/gans/BEGAN.py`` of github.com/google/compare_gan before its rewriting,
with γ and λ as Berthelot et al. have them. Departures: k stays within [0, 1], as in Berthelot et
al.; it moves before the generator's step, not after; the discriminator has a LeakyReLU more and
torch's initialisation; there may be labels.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.methods.common.image_kinds import is_colour
from regene_bench_plugins.methods.gan.infogan_networks import InfoGANSizes, infogan_generator
from regene_bench_plugins.methods.gan.losses import (
    AdversarialLoss,
    AuxiliaryClassLoss,
    BoundaryEquilibrium,
)
from regene_bench_plugins.methods.gan.model import GANModel
from regene_bench_plugins.methods.gan.noise import Uniform
from regene_bench_plugins.methods.gan.presets import quick_images
from regene_bench_plugins.methods.gan.training import GANSetup, train_gan
from regene_bench_plugins.networks.autoencoder_discriminator import AutoencoderDiscriminator


class BEGANConfig(InfoGANSizes):
    """Sizes of the networks and the balance.

    Attributes:
        noise_dim: Length of the noise, which is uniform in [−1, 1].
        code_dim: Length of the autoencoder's code.
        code_norm: Batch normalisation in the discriminator, behind the code and in the decoder.
        gamma: Diversity ratio γ: error of generated images over error of real ones.
        gain: λ, how fast the balance follows.
        balance: The balance k that training begins with.
        class_weight: Weight of the cross-entropy of classes in both losses, if there are labels.
    """

    code_dim: int = Field(default=64, ge=1, le=4096)
    code_norm: bool = False
    gamma: float = Field(default=0.5, ge=0, le=1)
    gain: float = Field(default=1e-3, gt=0, le=1)
    balance: float = Field(default=0.0, ge=0, le=1)
    class_weight: float = Field(default=0.1, ge=0)
    generator_learning_rate: float = Field(default=1e-4, gt=0)
    discriminator_learning_rate: float = Field(default=1e-4, gt=0)


class BEGAN(Method):
    """Errors of reconstruction in balance; labels beside the noise and beside the code."""

    version = "3"
    Config = BEGANConfig
    config: BEGANConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: its γ, λ and rates; 20 epochs on grey images and 100 in colour.

        A short training has no time for a balance that starts at 0 and follows slowly: the
        generator would settle on the one image that is kept best before k has risen. It has batch
        norms in the discriminator, too, which Lucic et al. tried with and without.
        """
        short = {"gamma": 0.85, "gain": 0.2, "balance": 0.5, "code_norm": True}
        if preset == "quick":
            small = {"images": quick_images(shape), "width": 32, "dense": 256}
            rate = 4e-4 if is_colour(shape) else 1e-3
            rates = {"generator_learning_rate": rate, "discriminator_learning_rate": rate}
            return small | short | rates | {"average": 0.99}
        if preset == "standard":
            return {
                "images": 1_500_000,
                "generator_learning_rate": 2e-4,
                "discriminator_learning_rate": 2e-4,
            } | short
        return {"epochs": 100 if is_colour(shape) else 20, "average": 0.0}

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GANModel:
        """Train both networks."""
        config, shape = self.config, data.shape
        loss: AdversarialLoss = BoundaryEquilibrium(config.gamma, config.gain, config.balance)
        if config.conditional:
            loss = AuxiliaryClassLoss(loss, config.class_weight, config.class_weight)
        with runtime.seeded("init"):
            setup = GANSetup(
                generator=infogan_generator(config, shape),
                discriminator=AutoencoderDiscriminator(
                    shape,
                    config.code_dim,
                    config.width,
                    norm=config.code_norm,
                    conditional=config.conditional,
                ),
                loss=loss,
                noise=Uniform(config.noise_dim),
            )
        return train_gan("began", setup, config, data, runtime)
