"""Structural similarity of each pair of images, in chunks."""

from __future__ import annotations

import torch
from torch import Tensor

from regene_bench.training.losses import ssim

_CHUNK = 512


def ssim_each(images: Tensor, targets: Tensor) -> Tensor:
    """SSIM of each image with its target, under the convention of ``training.losses.ssim``.

    Args:
        images: uint8 ``[N, C, H, W]``.
        targets: uint8, the same shape.

    Returns:
        float64 ``[N]`` in [-1, 1]; 1 for equal images.

    Raises:
        ValueError: The shapes differ.
    """
    if images.shape != targets.shape:
        raise ValueError(f"shapes differ: {tuple(images.shape)} and {tuple(targets.shape)}")
    each = torch.vmap(lambda image, target: ssim(image[None], target[None]))
    parts = [torch.empty(0, dtype=torch.float64, device=images.device)]
    for start in range(0, len(images), _CHUNK):
        part = slice(start, start + _CHUNK)
        parts.append(each(images[part].float() / 255.0, targets[part].float() / 255.0).double())
    return torch.cat(parts)
