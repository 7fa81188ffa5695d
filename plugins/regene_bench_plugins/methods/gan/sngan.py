"""The GAN with spectral normalisation (Miyato et al. 2018), conditional by projection (Miyato &
Koyama 2018).

``paper`` follows the CIFAR-10 experiment: residual networks, hinge loss, five steps of the
discriminator for one of the generator, rates that fall to 0 over 50,000 of the latter. Departures:
the generator's step takes the images and labels of the discriminator's last one, 64 of them, where
the authors draw new ones; images are in [0, 1], not in [−1, 1].
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.methods.gan.conditional_norm_networks import (
    ConditionalNormConfig,
    conditional_norm_generator,
    critic_features,
    quick_conditional_norm,
)
from regene_bench_plugins.methods.gan.losses import Hinge
from regene_bench_plugins.methods.gan.model import GANModel
from regene_bench_plugins.methods.gan.noise import Normal
from regene_bench_plugins.methods.gan.presets import quick_images
from regene_bench_plugins.methods.gan.training import GANSetup, linear_decay, train_gan
from regene_bench_plugins.networks.conditioning import ImageOnly
from regene_bench_plugins.networks.heads import LinearHead, ProjectionHead
from regene_bench_plugins.networks.spectral import spectrally_normalised
from regene_bench_plugins.networks.strided import Discriminator

# 50,000 steps of the generator, five of the discriminator for each, 64 images a step.
_PAPER_IMAGES = 16_000_000


class SNGANConfig(ConditionalNormConfig):
    """The networks' sizes and how far the discriminator reaches.

    Attributes:
        feature_scale: Factor on the features that the discriminator's head sees. Below 1 it needs
            larger differences between images to meet the margins of the hinge loss.
    """

    feature_scale: float = Field(default=1.0, gt=0)


class _Scaled(nn.Module):
    """Multiplies features by a constant."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self._scale = scale

    def forward(self, features: Tensor) -> Tensor:
        """Scale features ``[N, F]``."""
        return features * self._scale


class SNGAN(Method):
    """Hinge loss, every weight of the discriminator of spectral norm 1."""

    version = "2"
    Config = SNGANConfig
    config: SNGANConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: the residual networks of its CIFAR-10 experiment, rates falling to 0."""
        if preset == "quick":
            # At full scale, the discriminator meets every margin of the hinge loss after some
            # hundred steps. Then it has no gradient left, and a class keeps a single image.
            near = {"feature_scale": 0.25, "batch_size": 32}
            return {"images": quick_images(shape)} | quick_conditional_norm(shape) | near
        if preset == "standard":
            return {
                "images": 3_000_000,
                "network": "strided",
                "width": 64,
                "discriminator_width": 64,
            }
        return {"images": _PAPER_IMAGES, "width": 256, "average": 0.0}

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GANModel:
        """Train both networks."""
        config, shape = self.config, data.shape
        with runtime.seeded("init"):
            features = critic_features(config, shape, torch.sum)
            head: ProjectionHead | LinearHead = LinearHead(features.size)
            if config.conditional:
                head = ProjectionHead(features.size, shape.n_classes)
            scaled = nn.Sequential(features, _Scaled(config.feature_scale))
            discriminator = Discriminator(ImageOnly(), scaled, head)
            setup = GANSetup(
                generator=conditional_norm_generator(config, shape),
                discriminator=spectrally_normalised(discriminator),
                loss=Hinge(),
                noise=Normal(config.noise_dim),
                schedule=linear_decay,
            )
        return train_gan("sngan", setup, config, data, runtime)
