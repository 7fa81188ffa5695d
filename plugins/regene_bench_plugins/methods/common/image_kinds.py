"""What the presets of several methods ask of an image shape."""

from __future__ import annotations

from regene_bench.api import ImageShape

_SMALL_PIXELS = 256


def is_small(shape: ImageShape) -> bool:
    """Images of up to 16×16 pixels: narrow networks do, and overhead outweighs arithmetic."""
    return shape.height * shape.width <= _SMALL_PIXELS


def is_colour(shape: ImageShape) -> bool:
    """More than one channel: natural images, most likely, which need more training."""
    return shape.channels > 1
