"""InfoGAN's networks (Chen et al. 2016, appendix C.1): Lucic et al. 2018 compare GANs on them."""

from __future__ import annotations

from pydantic import Field
from torch import nn

from regene_bench.api import ImageShape
from regene_bench_plugins.methods.gan.config import GANConfig, code_input, image_input
from regene_bench_plugins.methods.gan.losses import AdversarialLoss
from regene_bench_plugins.methods.gan.noise import Normal
from regene_bench_plugins.methods.gan.training import GANSetup
from regene_bench_plugins.networks.conditional_norm import no_norm
from regene_bench_plugins.networks.conditioning import DenseInput
from regene_bench_plugins.networks.heads import DenseHead
from regene_bench_plugins.networks.strided import (
    Discriminator,
    StridedFeatures,
    TransposedGenerator,
    dcgan_init,
)

_SLOPE = 0.2


class InfoGANSizes(GANConfig):
    """Sizes of the generator.

    Attributes:
        width: Channels next to the image; twice as many further in.
        dense: Units of the fully connected layer.
    """

    width: int = Field(default=64, ge=1, le=4096)
    dense: int = Field(default=1024, ge=1, le=16384)


class InfoGANNetworksConfig(InfoGANSizes):
    """Sizes of both networks.

    Attributes:
        width: Channels next to the image; twice as many further in.
        dense: Units of the fully connected layer of either network.
        discriminator_norm: Batch normalisation in the discriminator.
    """

    discriminator_norm: bool = True


def infogan_generator(config: InfoGANSizes, shape: ImageShape) -> TransposedGenerator:
    """fc ``dense`` – fc ``2 width`` · H/4 · W/4 – deconv ``width`` – deconv, 4×4, stride 2."""
    entrance = DenseInput(code_input(config, shape), config.dense)
    return TransposedGenerator(shape, entrance, (config.width, 2 * config.width))


def infogan_discriminator(config: InfoGANNetworksConfig, shape: ImageShape) -> Discriminator:
    """conv ``width`` – conv ``2 width``, 4×4, stride 2 – fc ``dense`` – 1, LeakyReLU between."""
    entrance = image_input(config, shape)
    features = StridedFeatures(
        shape,
        (config.width, 2 * config.width),
        code=entrance.code,
        slope=_SLOPE,
        norm=nn.BatchNorm2d if config.discriminator_norm else no_norm,
    )
    norm = nn.BatchNorm1d if config.discriminator_norm else no_norm
    head = DenseHead(features.size, config.dense, norm, _SLOPE)
    discriminator = Discriminator(entrance, features, head)
    discriminator.apply(dcgan_init)
    return discriminator


def infogan_setup(
    config: InfoGANNetworksConfig, shape: ImageShape, loss: AdversarialLoss
) -> GANSetup:
    """Both networks with normal noise, to be trained with a loss."""
    return GANSetup(
        generator=infogan_generator(config, shape),
        discriminator=infogan_discriminator(config, shape),
        loss=loss,
        noise=Normal(config.noise_dim),
    )
