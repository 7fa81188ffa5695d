"""What the presets of diffusion and flow models have in common; papers' are in their own files."""

from __future__ import annotations

from typing import Any

from regene_bench.api import ImageShape, Preset
from regene_bench_plugins.methods.common.image_kinds import is_small

LARGEST_MAP = 32
"""Sides of the outermost map beyond which pixels are folded, but at quick."""
_LARGEST_QUICK_MAP = 16
_LARGEST_PATCH = 8


def network_preset(preset: Preset, shape: ImageShape) -> dict[str, Any]:
    """Network, length and steps; ``quick`` is for some minutes on two CPU cores.

    Its batches are small, since steps count for more than images in so short a training.
    """
    if preset == "standard":
        return {"patch": patch_for(shape, LARGEST_MAP)}
    small = is_small(shape)
    return {
        "images": 40_000 if small else 80_000,
        "patch": patch_for(shape, _LARGEST_QUICK_MAP),
        "width": 32,
        "widest": 64,
        "halvings": 1,
        "blocks": 1,
        "batch_size": 32,
        "learning_rate": 2e-3,
        "average": 0.99 if small else 0.995,
        "steps": 10,
    }


def patch_for(shape: ImageShape, largest: int) -> int:
    """The least power of two that folds the longer side to ``largest`` or less, at most 8."""
    patch = 1
    while patch < _LARGEST_PATCH and max(shape.height, shape.width) > largest * patch:
        patch *= 2
    return patch


def smoke_values() -> dict[str, Any]:
    """The narrowest network and few steps: ``regene-bench check`` draws image by image."""
    return {"width": 16, "widest": 16, "head": 16, "batch_size": 16, "steps": 2}
