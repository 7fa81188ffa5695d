"""What the presets of the autoencoders that generate have in common."""

from __future__ import annotations

from typing import Any

from regene_bench.api import ImageShape, Preset
from regene_bench_plugins.methods.common.flow import flow_preset
from regene_bench_plugins.methods.common.image_kinds import is_colour, is_small


def network_preset(preset: Preset, shape: ImageShape) -> dict[str, Any]:
    """Networks and length; ``quick`` ends within five minutes on two CPU cores.

    No source has a rate that rises and falls once, so ``paper`` has a constant one.
    """
    values: dict[str, Any] = {"latent_dim": latents_for(shape)}
    if preset == "quick":
        small = is_small(shape)
        return values | {
            "images": 40_000 if small else 100_000,
            "encoder_width": 64,
            "encoder_narrowest": 32,
            "decoder_width": 64 if small else 128,
            "decoder_narrowest": 32,
            "batch_size": 64,
        }
    if preset == "standard":
        return values | {"images": 1_000_000}
    return values | {"epochs": 100, "convolutions": 2, "one_cycle": False}


def wide_preset(preset: Preset, shape: ImageShape) -> dict[str, Any]:
    """``network_preset`` whose ``paper`` has 128, 256, … 1024 channels and batches of 100.

    These are the widths and batches of Tolstikhin et al. (2018) and Ghosh et al. (2020), with the
    blocks of this benchmark in place of their strided 4×4 kernels.
    """
    values = network_preset(preset, shape)
    if preset != "paper":
        return values
    widths = {"encoder_width": 1024, "decoder_width": 1024}
    narrowest = {"encoder_narrowest": 128, "decoder_narrowest": 128}
    return values | widths | narrowest | {"convolutions": 1, "batch_size": 100}


def pixel_preset(shape: ImageShape) -> dict[str, Any]:
    """Pixels are binary in grey pictures, near enough; small and coloured ones are Gaussian."""
    if is_colour(shape):
        return {"reconstruction": "mse", "sigma": 0.1}
    if is_small(shape):
        return {"reconstruction": "mse", "sigma": 0.2}
    return {"reconstruction": "bce"}


def latents_for(shape: ImageShape) -> int:
    """Length of z: 16 for grey images and 64 for colour."""
    return 64 if is_colour(shape) else 16


def sampler_preset(preset: Preset) -> dict[str, Any]:
    """Samplers; ``paper``: all training images, and Dai & Wipf's second stage of 800 epochs.

    A short training's γ has a way to go that its weights have not; ``paper`` has one rate for all,
    as the authors' code.
    """
    if preset == "quick":
        values = {"second_images": 200_000, "second_width": 256, "sampler_images": 20_000}
        return flow_preset(preset) | values | {"gamma_rate": 10}
    if preset == "standard":
        values = {"second_images": 2_000_000, "sampler_images": 60_000, "gamma_rate": 10}
        return flow_preset(preset) | values
    return flow_preset(preset) | {
        "sampler_images": 1_000_000,
        "second_epochs": 800,
        "second_width": 1024,
        "second_batch_size": 64,
        "second_learning_rate": 1e-4,
        "second_halved_every": 300,
    }
