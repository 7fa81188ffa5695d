"""Labels as network inputs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_IMAGE_AXES = 4


def one_hot(labels: Tensor, n_classes: int) -> Tensor:
    """Turn int64 ``[…]`` into float32 ``[…, K]``."""
    return F.one_hot(labels, n_classes).float()


def with_label_planes(images: Tensor, labels: Tensor, n_classes: int) -> Tensor:
    """Append the one-hot label to each pixel: ``[…, C, H, W]`` to ``[…, C + K, H, W]``."""
    codes = one_hot(labels, n_classes).to(images.dtype)[..., None, None]
    planes = codes.expand(*codes.shape[:-2], *images.shape[-2:])
    joined = torch.cat([images, planes], dim=-3)
    if joined.dim() != _IMAGE_AXES:
        return joined
    return joined.contiguous(memory_format=torch.channels_last)
