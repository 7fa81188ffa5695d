"""How many images go through an extractor's network at once."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def in_chunks_on_cpu(compute: Callable[[Tensor], Tensor], images: Tensor, on_cpu: int) -> Tensor:
    """Apply a network to few images at a time where that is faster.

    On a CPU the activations of a large batch leave its caches, and the time goes into memory.

    Args:
        compute: Maps ``[n, C, H, W]`` to ``[n, D]``, each image by itself.
        images: ``[N, C, H, W]`` with N ≥ 1.
        on_cpu: Images at a time on a CPU; elsewhere all go at once.

    Returns:
        ``[N, D]``.
    """
    size = on_cpu if images.device.type == "cpu" else len(images)
    return torch.cat([compute(part) for part in torch.split(images, size)])
