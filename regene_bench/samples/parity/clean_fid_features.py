"""Inception features by clean-fid alone: its resizing, its wrapper of the published network."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

_SIDE = 299
_BATCH = 32


@torch.inference_mode()
def clean_fid_features(
    images: Tensor, weights: Path, between: Callable[[int, int], None]
) -> Tensor:
    """Resize and embed images as clean-fid does with files of them.

    Args:
        images: uint8 ``[N, C, H, W]`` of one channel, which is repeated, or three.
        weights: The published ``inception-2015-12-05.pt``.
        between: Told after each batch how many of how many are done; it may raise to stop.

    Returns:
        float64 ``[N, 2048]`` on the CPU.
    """
    network = importlib.import_module("cleanfid.inception_torchscript")
    resizing = importlib.import_module("cleanfid.resize")
    model = network.InceptionV3W(str(weights.parent), download=False, resize_inside=False)
    model = model.to(images.device).eval()
    resize = resizing.make_resizer("PIL", False, "bicubic", (_SIDE, _SIDE))
    found = []
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH].cpu()
        pictures = batch.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy()
        resized = torch.from_numpy(np.stack([resize(picture) for picture in pictures]))
        features: Tensor = model(resized.permute(0, 3, 1, 2).to(images.device))
        found.append(features.double().cpu())
        between(min(start + _BATCH, len(images)), len(images))
    return torch.cat(found)
