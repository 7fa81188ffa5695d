"""The Wasserstein GAN with gradient penalty (Gulrajani et al. 2017).

``paper`` follows the conditional CIFAR-10 experiment of the authors' code
(github.com/igul222/improved_wgan_training, ``gan_cifar_resnet.py``). Departures: the critic sees
pixels in [0, 1] (the penalty counts them in [−1, 1]); the generator's batch is of 64, not of 128,
with the labels of the critic's last batch in place of labels drawn evenly; no noise of 1/128 is
added to real images.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.methods.gan.conditional_norm_networks import (
    ConditionalNormConfig,
    conditional_norm_generator,
    critic_features,
    quick_conditional_norm,
)
from regene_bench_plugins.methods.gan.losses import (
    AdversarialLoss,
    AuxiliaryClassLoss,
    Wasserstein,
    gradient_penalty,
)
from regene_bench_plugins.methods.gan.model import GANModel
from regene_bench_plugins.methods.gan.noise import Normal
from regene_bench_plugins.methods.gan.presets import quick_images
from regene_bench_plugins.methods.gan.training import GANSetup, linear_decay, train_gan
from regene_bench_plugins.networks.conditioning import ImageOnly
from regene_bench_plugins.networks.heads import AuxiliaryHead, LinearHead
from regene_bench_plugins.networks.strided import Discriminator

# 100,000 steps of the generator, five of the critic for each, 64 images a step.
_PAPER_IMAGES = 32_000_000


class WGANGPConfig(ConditionalNormConfig):
    """The networks' sizes and the weights of the losses.

    Attributes:
        penalty: Weight of the gradient penalty.
        real_class_weight: Weight of the critic's cross-entropy on real images.
        fake_class_weight: Weight of the generator's cross-entropy.
    """

    penalty: float = Field(default=10.0, ge=0)
    real_class_weight: float = Field(default=1.0, ge=0)
    fake_class_weight: float = Field(default=0.1, ge=0)


class WGANGP(Method):
    """Conditional batch norm in the generator, an auxiliary head on the critic."""

    version = "3"
    Config = WGANGPConfig
    config: WGANGPConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: the residual networks of its conditional CIFAR-10 experiment."""
        if preset == "quick":
            few = {"discriminator_steps": 2, "fake_class_weight": 1.0}
            return {"images": quick_images(shape)} | quick_conditional_norm(shape) | few
        if preset == "standard":
            return {
                "images": 3_000_000,
                "network": "strided",
                "width": 64,
                "discriminator_width": 64,
            }
        return {"images": _PAPER_IMAGES, "average": 0.0}

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GANModel:
        """Train both networks."""
        config, shape = self.config, data.shape
        with runtime.seeded("init"):
            features = critic_features(config, shape)
            head: AuxiliaryHead | LinearHead = LinearHead(features.size)
            loss: AdversarialLoss = Wasserstein()
            if config.conditional:
                head = AuxiliaryHead(features.size, shape.n_classes)
                loss = AuxiliaryClassLoss(loss, config.real_class_weight, config.fake_class_weight)
            setup = GANSetup(
                generator=conditional_norm_generator(config, shape),
                discriminator=Discriminator(ImageOnly(), features, head),
                loss=loss,
                noise=Normal(config.noise_dim),
                penalty=gradient_penalty(config.penalty),
                schedule=linear_decay,
                fresh=True,
            )
        return train_gan("wgan_gp", setup, config, data, runtime)
