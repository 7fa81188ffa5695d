"""The GAN with spectral normalisation (Miyato et al. 2018), conditional by projection (Miyato &
Koyama 2018)."""

from __future__ import annotations

from typing import Any

import torch

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.gan.class_norm import (
    ClassNormConfig,
    class_norm_generator,
    critic_features,
    quick_class_norm,
)
from regene_bench_plugins.gan.config import quick_images, quick_rates
from regene_bench_plugins.gan.losses import Hinge
from regene_bench_plugins.gan.model import GANModel
from regene_bench_plugins.gan.noise import Normal
from regene_bench_plugins.gan.training import Game, linear_decay, play
from regene_bench_plugins.methods.presets import is_colour, is_small
from regene_bench_plugins.networks.adversarial import Discriminator
from regene_bench_plugins.networks.conditioning import ImageOnly
from regene_bench_plugins.networks.heads import LinearHead, ProjectionHead
from regene_bench_plugins.networks.spectral import spectrally_normalised

# 50,000 steps of the generator, five of the discriminator for each, 64 images a step.
_PAPER_IMAGES = 16_000_000


def _quick_rates(shape: ImageShape) -> dict[str, Any]:
    """At one rate for both, the discriminator soon meets every margin of the hinge loss.

    Then it has no gradient left, and a class keeps a single image.
    """
    if is_small(shape) or is_colour(shape):
        return quick_rates(shape)
    return {
        "generator_learning_rate": 2e-3,
        "discriminator_learning_rate": 4e-4,
        "average": 0.98,
    }


class SNGAN(Method):
    """Hinge loss, every weight of the discriminator of spectral norm 1."""

    Config = ClassNormConfig
    config: ClassNormConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: the residual networks of its CIFAR-10 experiment, rates falling to 0."""
        if preset == "quick":
            return {"images": quick_images(shape)} | quick_class_norm() | _quick_rates(shape)
        if preset == "standard":
            return {
                "images": 3_000_000,
                "network": "strided",
                "width": 64,
                "discriminator_width": 64,
            }
        return {"images": _PAPER_IMAGES, "width": 256, "average": 0.0}

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GANModel:
        """Train both networks on ``data.train``."""
        config, shape = self.config, data.shape
        with runtime.seeded("init"):
            features = critic_features(config, shape, torch.sum)
            head: ProjectionHead | LinearHead = LinearHead(features.size)
            if config.conditional:
                head = ProjectionHead(features.size, shape.n_classes)
            discriminator = Discriminator(ImageOnly(shape), features, head)
            game = Game(
                generator=class_norm_generator(config, shape),
                discriminator=spectrally_normalised(discriminator),
                loss=Hinge(),
                noise=Normal(config.noise_dim),
                schedule=linear_decay,
            )
        return play("sngan", game, config, data, runtime)
