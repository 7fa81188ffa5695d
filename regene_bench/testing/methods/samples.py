"""Samples are images."""

from __future__ import annotations

import torch

from regene_bench.base.errors import MethodError
from regene_bench.data.shapes import ImageShape
from regene_bench.harness.sample import check_generation
from regene_bench.testing.contract import Broken, require
from regene_bench.testing.methods.subject import SHAPE, MethodSubject, draw, sorted_labels
from regene_bench.training.capabilities import Generation


def samples_are_images(subject: MethodSubject) -> None:
    """``fit`` returns a model whose ``generate(labels, rng)`` gives one image a label: float32
    ``[N, C, H, W]``, finite, in [0, 1], with latents ``[N, D]`` and trials ``[N]`` if it has any.

    Mend: return ``Generation(images)`` of the shape ``data.shape`` says, behind a sigmoid or a
    clamp; look for a division by zero or a diverging loss if values are not finite.
    """
    check_samples(draw(subject.model, sorted_labels(SHAPE.n_classes, 7)), 21, SHAPE)


def check_samples(generation: Generation, n: int, shape: ImageShape) -> None:
    """Hold a generation to its contract, more strictly than a run does.

    Raises:
        Broken: What is wrong, with the values found.
    """
    try:
        check_generation(generation, n, shape)
    except MethodError as error:
        raise Broken(error.message) from None
    images, latents = generation.images, generation.latents
    require(images.dtype == torch.float32, f"images are {images.dtype}, not float32")
    if latents is not None:
        right = latents.ndim == 2 and len(latents) == n and latents.dtype == torch.float32
        found = f"{latents.dtype} {list(latents.shape)}"
        require(right, f"latents are {found}, not float32 [{n}, D]")
