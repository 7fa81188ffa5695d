"""Labels as network inputs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def one_hot(labels: Tensor, n_classes: int) -> Tensor:
    """Turn int64 ``[N]`` into float32 ``[N, K]``."""
    return F.one_hot(labels, n_classes).float()


def with_label_planes(images: Tensor, labels: Tensor, n_classes: int) -> Tensor:
    """Append the one-hot label to each pixel: ``[N, C, H, W]`` to ``[N, C + K, H, W]``."""
    codes = one_hot(labels, n_classes).to(images.dtype)[:, :, None, None]
    planes = codes.expand(-1, -1, *images.shape[2:])
    return torch.cat([images, planes], dim=1).contiguous(memory_format=torch.channels_last)
