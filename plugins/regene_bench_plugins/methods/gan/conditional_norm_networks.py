"""Networks of ``wgan_gp`` and ``sngan``: their generators take labels in conditional batch norms.

Either is built in two forms: residual, as in the papers, or strided, which needs far less
arithmetic.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field
from torch import nn

from regene_bench.api import ImageShape
from regene_bench_plugins.methods.common.image_kinds import is_colour, is_small
from regene_bench_plugins.methods.gan.config import GANConfig, code_input
from regene_bench_plugins.methods.gan.presets import quick_rates
from regene_bench_plugins.networks.conditional_norm import NormFactory, conditional_norm, no_norm
from regene_bench_plugins.networks.conditioning import CodeOnly
from regene_bench_plugins.networks.residual import Pool, ResidualFeatures, ResidualGenerator
from regene_bench_plugins.networks.strided import (
    StridedFeatures,
    TransposedGenerator,
    doubling_widths,
    halvings_to,
)

_INNERMOST_SIDE = 4
_SLOPE = 0.2


class ConditionalNormConfig(GANConfig):
    """Kind and sizes of the networks.

    Attributes:
        noise_dim: Length of the noise.
        network: ``residual``, or ``strided`` (DCGAN's without norm in the discriminator).
        width: The generator's channels; of strided networks, those next to the image.
        discriminator_width: The discriminator's, likewise.
        discriminator_steps: Steps of the discriminator for one of the generator.
        beta1: Decay of Adam's average of gradients, for both networks.
        beta2: Decay of Adam's average of squared gradients, for both networks.
    """

    noise_dim: int = Field(default=128, ge=0, le=4096)
    network: Literal["residual", "strided"] = "residual"
    width: int = Field(default=128, ge=1, le=4096)
    discriminator_width: int = Field(default=128, ge=1, le=4096)
    discriminator_steps: int = Field(default=5, ge=1, le=100)
    beta1: float = Field(default=0.0, ge=0, lt=1)
    beta2: float = Field(default=0.9, ge=0, lt=1)


def conditional_norm_generator(config: ConditionalNormConfig, shape: ImageShape) -> nn.Module:
    """A generator with conditional batch norm; with plain batch norm if it is unconditional.

    The strided one has the label beside its noise as well: it has few normalisations, at 8×8 pixels
    a single one, whose shifts are the same all over the image and draw no shape.
    """
    norm: NormFactory = nn.BatchNorm2d
    if config.conditional:
        norm = conditional_norm(shape.n_classes)
    if config.network == "residual":
        return ResidualGenerator(shape, CodeOnly(config.noise_dim), config.width, norm)
    widths = doubling_widths(config.width, halvings_to(_INNERMOST_SIDE, shape))
    return TransposedGenerator(shape, code_input(config, shape), widths, norm=norm)


def critic_features(
    config: ConditionalNormConfig, shape: ImageShape, pool: Pool = torch.mean
) -> StridedFeatures | ResidualFeatures:
    """Features of a discriminator without normalisation and without labels at its input.

    Args:
        config: Kind and width.
        shape: Images that it takes.
        pool: ``torch.mean`` or ``torch.sum``, over the last map of the residual network.
    """
    if config.network == "residual":
        return ResidualFeatures(shape, shape.channels, config.discriminator_width, pool)
    widths = doubling_widths(config.discriminator_width, halvings_to(_INNERMOST_SIDE, shape))
    features = StridedFeatures(shape, widths, slope=_SLOPE, norm=no_norm)
    features.apply(_initialise)
    return features


def _initialise(module: nn.Module) -> None:
    """He's initialisation: without normalisation, DCGAN's small weights let little through."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, a=_SLOPE)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def quick_conditional_norm(shape: ImageShape) -> dict[str, Any]:
    """Sizes of strided networks, and their rates, for some minutes on two CPU cores."""
    rates = quick_rates(shape)
    if not is_small(shape) and not is_colour(shape):
        rates = {
            "generator_learning_rate": 1e-3,
            "discriminator_learning_rate": 1e-3,
            "average": 0.98,
        }
    return rates | {
        "network": "strided",
        "noise_dim": 64,
        "width": 32,
        "discriminator_width": 32,
        "discriminator_steps": 1,
        "beta1": 0.5,
        "beta2": 0.99,
    }
