"""Resizing under a named convention, on the images' own device."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Kernel = Literal["bilinear", "bicubic"]
_RADIUS: dict[Kernel, float] = {"bilinear": 1.0, "bicubic": 2.0}


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
    return antialiased_square(images, size, "bicubic")


def antialiased_square(images: Tensor, size: int, kernel: Kernel) -> Tensor:
    """Resize uint8 images to a square by one of Pillow's kernels, and make grey ones RGB.

    Two products with small matrices, along the width and then along the height. The weights are
    computed in float64: torch's own resize places the kernel's centres in float32, which at 400
    pixels costs more than a hundred-thousandth of the range, and takes longer for small images.

    Args:
        images: uint8 ``[N, C, H, W]`` with one or three channels.
        size: Side in pixels.
        kernel: ``"bilinear"`` (a triangle) or ``"bicubic"`` (Keys 1981 with a = −0.5); it is
            stretched where the image shrinks.

    Returns:
        float32 ``[N, 3, size, size]`` in [0, 255], channels last.
    """
    values = images.to(torch.float32)
    height, width = values.shape[2:]
    if (height, width) != (size, size):
        along_width = _weights(width, size, kernel).to(values.device)
        along_height = _weights(height, size, kernel).to(values.device)
        values = (along_height @ (values @ along_width.T)).clamp_(0, 255)
    if values.shape[1] == 1:
        values = values.expand(-1, 3, -1, -1)
    return values.contiguous(memory_format=torch.channels_last)


def _weights(length: int, size: int, kernel: Kernel) -> Tensor:
    """Weights of ``length`` pixels for each of ``size`` new ones, float32 ``[size, length]``."""
    scale = length / size
    stretch = max(scale, 1.0)
    centres = (torch.arange(size, dtype=torch.float64) + 0.5) * scale
    pixels = torch.arange(length, dtype=torch.float64) + 0.5
    distance = ((pixels[None, :] - centres[:, None]) / stretch).abs()
    inside = distance < _RADIUS[kernel]
    values = torch.where(inside, _profile(distance, kernel), torch.zeros_like(distance))
    return (values / values.sum(dim=1, keepdim=True)).float()


def _profile(x: Tensor, kernel: Kernel) -> Tensor:
    if kernel == "bilinear":
        return 1 - x
    near = (1.5 * x - 2.5) * x.square() + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, far)
