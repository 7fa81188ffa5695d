"""Augmentation of a batch on its own device, with one draw per image and no Python loop."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from regene_bench.data.shapes import Augmentation


def augment(images: Tensor, augmentation: Augmentation) -> Tensor:
    """Augment a batch; draws come from torch's global generator of the batch's device.

    Args:
        images: float32 ``[N, C, H, W]``.
        augmentation: What to do.

    Returns:
        float32 ``[N, C, H, W]``.
    """
    if augmentation.horizontal_flip:
        mirrored = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5
        images = torch.where(mirrored, images.flip(3), images)
    if augmentation.crop_padding:
        images = _random_shift(images, augmentation.crop_padding)
    return images


def _random_shift(images: Tensor, padding: int) -> Tensor:
    n, channels, height, width = images.shape
    padding = min(padding, height - 1, width - 1)
    padded = F.pad(images, (padding,) * 4, mode="reflect")
    device = images.device
    top = torch.randint(0, 2 * padding + 1, (n, 1), device=device)
    left = torch.randint(0, 2 * padding + 1, (n, 1), device=device)
    rows = top + torch.arange(height, device=device)
    columns = left + torch.arange(width, device=device)
    sample = torch.arange(n, device=device)[:, None, None, None]
    channel = torch.arange(channels, device=device)[None, :, None, None]
    return padded[sample, channel, rows[:, None, :, None], columns[:, None, None, :]]
