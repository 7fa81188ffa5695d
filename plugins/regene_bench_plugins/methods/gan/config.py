"""What the configurations of all GANs have in common."""

from __future__ import annotations

from pydantic import Field

from regene_bench.api import ImageShape, TrainingLength
from regene_bench_plugins.networks.conditioning import (
    CodeAndOneHot,
    CodeOnly,
    ImageOnly,
    LabelPlanes,
)


class GANConfig(TrainingLength):
    """Length of the noise, steps and rates.

    ``images`` and ``epochs`` count the real images that the discriminator sees.

    Attributes:
        conditional: Labels for both networks; without them samples have no class.
        noise_dim: Length of the noise; with 0 a class has one image.
        batch_size: Images a step of either network.
        discriminator_steps: Steps of the discriminator for one of the generator.
        generator_learning_rate: Of the generator's Adam.
        discriminator_learning_rate: Of the discriminator's Adam.
        beta1: Decay of Adam's average of gradients, for both networks.
        beta2: Decay of Adam's average of squared gradients, for both networks.
        average: Decay of the generator's moving average, which is what generates; 0 for none.
    """

    conditional: bool = True
    noise_dim: int = Field(default=64, ge=0, le=4096)
    batch_size: int = Field(default=64, ge=2)
    discriminator_steps: int = Field(default=1, ge=1, le=100)
    generator_learning_rate: float = Field(default=2e-4, gt=0)
    discriminator_learning_rate: float = Field(default=2e-4, gt=0)
    beta1: float = Field(default=0.5, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)
    average: float = Field(default=0.999, ge=0, lt=1)


def code_input(config: GANConfig, shape: ImageShape) -> CodeOnly | CodeAndOneHot:
    """The first layer of a generator that takes noise and, if it is conditional, one-hot labels."""
    if config.conditional:
        return CodeAndOneHot(config.noise_dim, shape.n_classes)
    return CodeOnly(config.noise_dim)


def image_input(config: GANConfig, shape: ImageShape) -> ImageOnly | LabelPlanes:
    """The first layer of a discriminator that takes images and, if conditional, label planes."""
    return LabelPlanes(shape.n_classes) if config.conditional else ImageOnly()
