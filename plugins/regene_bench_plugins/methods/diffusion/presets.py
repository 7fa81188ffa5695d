"""What the presets of diffusion and flow models have in common; papers' are in their own files."""

from __future__ import annotations

from typing import Any

from regene_bench.api import ImageShape, Preset
from regene_bench_plugins.methods.common.image_kinds import is_small


def network_preset(preset: Preset, shape: ImageShape) -> dict[str, Any]:
    """Network, length and steps; ``quick`` ends within five minutes on two CPU cores."""
    if preset == "standard":
        return {}
    if is_small(shape):
        return {
            "images": 60_000,
            "width": 32,
            "widest": 64,
            "halvings": 1,
            "blocks": 1,
            "batch_size": 64,
            "average": 0.99,
            "steps": 10,
        }
    return {
        "images": 100_000,
        "patch": 2,
        "width": 32,
        "widest": 64,
        "halvings": 1,
        "blocks": 1,
        "batch_size": 64,
        "average": 0.995,
        "steps": 10,
    }


def smoke_values(shape: ImageShape) -> dict[str, Any]:
    """The smallest network and few steps: ``regene-bench check`` draws image by image."""
    return {"patch": 2, "width": 16, "widest": 16, "batch_size": 16, "steps": 2, "head": 16}
