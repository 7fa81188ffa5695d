"""Settings of the published code of Ghosh et al. (2020), in the units of this benchmark's losses.

github.com/ParthaEth/Regularized_autoencoders-RAE-: ``configurations/config.py`` has the weights,
``models`` the losses and rates. Its grey images are padded to 32×32. It sees them as MNIST, small
coloured ones as CIFAR-10 and larger ones as CelebA: a triple here has the three in this order.

Other than there, in all presets made of these: the rate is constant, where theirs is halved when a
validation loss has not fallen for five epochs, and the best epoch by that loss is not picked; the
blocks are this benchmark's (3×3 convolutions, max-pooling, up-sampling, LeakyReLU) at their widths
in place of strided convolutions, 4×4 or 5×5, with ReLU.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

from regene_bench.api import ImageShape
from regene_bench_plugins.methods.common.image_kinds import is_cifar_like, is_colour
from regene_bench_plugins.methods.vae.presets import wide_preset

_MNIST = (1, 28, 28)
_PADDED = (1, 32, 32)
LATENTS = (16, 128, 64)
T = TypeVar("T")


def of_kind(triple: tuple[T, T, T], shape: ImageShape) -> T:
    """Choose of settings for grey, small coloured and larger coloured images."""
    grey, small, large = triple
    if not is_colour(shape):
        return grey
    return small if is_cifar_like(shape) else large


def ghosh_preset(
    shape: ImageShape, epochs: tuple[int, int, int], rates: tuple[float, float, float]
) -> dict[str, Any]:
    """What all of their autoencoders have: widths, latents, batches of 100, one rate of Adam.

    Args:
        shape: The images'.
        epochs: A triple.
        rates: A triple of Adam's rates.
    """
    return wide_preset("paper", shape) | {
        "latent_dim": of_kind(LATENTS, shape),
        "epochs": of_kind(epochs, shape),
        "learning_rate": of_kind(rates, shape),
    }


def ghosh_pixels(kl_weights: tuple[float, float, float], shape: ImageShape) -> dict[str, Any]:
    """Gaussian pixels for the squared error of their VAEs; the weights are a triple."""
    sigma = sigma_of_kl_weight(of_kind(kl_weights, shape), shape.channels)
    return {"reconstruction": "mse", "sigma": sigma}


def sigma_of_kl_weight(weight: float, channels: int) -> float:
    """The pixels' standard deviation at which the evidence bound weighs the divergence as they do.

    Their VAEs minimise ``Σ (x − x̂)² / C + w KL``, a mean over the C channels of a pixel and a sum
    over pixels. That is 2 σ² / C times ``½ Σ (x − x̂)² / σ² + KL`` where ``2 σ² = w C``.

    Args:
        weight: Their w.
        channels: C.
    """
    return math.sqrt(weight * channels / 2)


def against_summed_error(weight: float, shape: ImageShape) -> float:
    """Turn a weight that stands beside the mean squared error of a value into one beside the sum.

    Args:
        weight: As in their code.
        shape: The images'; MNIST's count as 32×32, padded with values that cost nothing.
    """
    size = (shape.channels, shape.height, shape.width)
    return weight * math.prod(_PADDED if size == _MNIST else size)
