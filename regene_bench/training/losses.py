"""Reconstruction losses that several methods share."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

_WINDOW = 11
_SIGMA = 1.5
_K1, _K2 = 0.01, 0.03


def mae(images: Tensor, targets: Tensor) -> Tensor:
    """Mean absolute error over all pixels, a float32 scalar.

    Args:
        images: ``[N, C, H, W]``.
        targets: The same shape.
    """
    return (images.float() - targets.float()).abs().mean()


def saturation(logits: Tensor, limit: float = 8.0) -> Tensor:
    """Mean excess of logits over a limit, a float32 scalar.

    A sigmoid that is shut lets no gradient of a pixel error through: a pixel that early steps drove
    to the wrong end stays there, as a white or black blob in every image like it. This term pulls
    with the same force however far out a logit is; at 8 a pixel is within 1/2980 of its end.

    Args:
        logits: Pixel logits, ``[N, C, H, W]``.
        limit: Largest magnitude that costs nothing.
    """
    return (logits.float().abs() - limit).clamp(min=0).mean()


def ssim(images: Tensor, targets: Tensor) -> Tensor:
    """Mean structural similarity of images with values in [0, 1], a differentiable scalar.

    Follows Wang et al. 2004: Gaussian window of 11×11 with sigma 1.5, K1 = 0.01, K2 = 0.03, no
    padding, mean over windows, channels and images. Where a side is shorter than 11 pixels the
    window shrinks along it to the largest odd size that fits. Computed in float32 even under
    autocast, because the variances are small differences of large numbers.

    Args:
        images: ``[N, C, H, W]``, at least 1×1 pixel.
        targets: The same shape.

    Returns:
        float32 scalar in [-1, 1]; 1 for equal images.

    Raises:
        ValueError: The shapes differ.
    """
    if images.shape != targets.shape:
        raise ValueError(f"shapes differ: {tuple(images.shape)} and {tuple(targets.shape)}")
    with torch.autocast(images.device.type, enabled=False):
        x, y = images.float(), targets.float()
        rows = _gaussian_matrix(x.shape[-2], x.device)
        columns = _gaussian_matrix(x.shape[-1], x.device)
        stacked = torch.stack([x, y, x * x, y * y, x * y])
        # Two small matrix products filter every window at once, on any device and for any size.
        mean_x, mean_y, xx, yy, xy = (rows @ stacked @ columns.T).unbind(0)
        variance_x, variance_y = xx - mean_x**2, yy - mean_y**2
        covariance = xy - mean_x * mean_y
        c1, c2 = _K1**2, _K2**2
        luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
        structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
        return (luminance * structure).mean()


@lru_cache(maxsize=64)
def _gaussian_matrix(side: int, device: torch.device) -> Tensor:
    """Matrix ``[side - window + 1, side]`` whose rows are the normalised window, shifted."""
    window = min(_WINDOW, side if side % 2 else side - 1)
    weights = [math.exp(-((i - window // 2) ** 2) / (2 * _SIGMA**2)) for i in range(window)]
    weights = [weight / sum(weights) for weight in weights]
    count = side - window + 1
    matrix = [[0.0] * i + weights + [0.0] * (count - 1 - i) for i in range(count)]
    # The cache outlives an inference-mode caller; its tensors must still serve in a backward pass.
    with torch.inference_mode(False):
        return torch.tensor(matrix, dtype=torch.float32, device=device)
