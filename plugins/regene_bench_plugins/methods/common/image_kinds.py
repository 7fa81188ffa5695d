"""Kinds of images that presets tell apart: small ones, coloured ones, those like CIFAR-10's."""

from __future__ import annotations

from regene_bench.api import ImageShape

_SMALL_PIXELS = 16 * 16
_CIFAR_PIXELS = 32 * 32


def is_small(shape: ImageShape) -> bool:
    """Images of up to 16×16 pixels: narrow networks do, and overhead outweighs arithmetic."""
    return shape.height * shape.width <= _SMALL_PIXELS


def is_colour(shape: ImageShape) -> bool:
    """More than one channel: natural images, most likely, which need more training."""
    return shape.channels > 1


def is_cifar_like(shape: ImageShape) -> bool:
    """Colour images of up to 32×32 pixels: papers have other recipes for larger ones."""
    return is_colour(shape) and shape.height * shape.width <= _CIFAR_PIXELS
