"""What the ``quick`` presets of all GANs have in common; a GAN's own values are in its file."""

from __future__ import annotations

from typing import Any

from regene_bench.api import ImageShape
from regene_bench_plugins.methods.common.image_kinds import is_colour, is_small


def quick_rates(shape: ImageShape) -> dict[str, Any]:
    """Learning rates and moving average for some minutes of training; papers' are for hours."""
    rate = 1e-3 if is_small(shape) else 4e-4
    return {
        "generator_learning_rate": rate,
        "discriminator_learning_rate": rate,
        "average": 0.99 if is_small(shape) else 0.995,
    }


def quick_images(shape: ImageShape) -> int:
    """How many images the discriminator sees in ``quick``."""
    return 50_000 if is_small(shape) else 120_000 if is_colour(shape) else 100_000
