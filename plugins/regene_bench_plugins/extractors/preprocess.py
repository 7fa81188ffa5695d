"""Resizing under a named convention, on the images' own device."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def bicubic_square(images: Tensor, size: int) -> Tensor:
    """Resize uint8 images to a square, the way Pillow does, and make grey ones RGB.

    Bicubic with a = −0.5 and antialiasing, then clipped: the convention of clean-fid (Parmar et al.
    2022), whose Pillow resize it reproduces without leaving the device.

    Args:
        images: uint8 ``[N, C, H, W]`` with one or three channels.
        size: Side in pixels.

    Returns:
        float32 ``[N, 3, size, size]`` in [0, 255], channels last.
    """
    values = images.to(torch.float32, memory_format=torch.channels_last)
    if values.shape[2:] != (size, size):
        values = F.interpolate(
            values, size=(size, size), mode="bicubic", align_corners=False, antialias=True
        ).clamp_(0, 255)
    if values.shape[1] == 1:
        values = values.expand(-1, 3, -1, -1)
    return values.contiguous(memory_format=torch.channels_last)
