"""What an extractor's card promises: float32, whatever precision surrounds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def full_float32(device: torch.device) -> Iterator[None]:
    """Run a block in float32 proper: no autocast, and no shorter factors in products.

    Torch allows TF32 in convolutions by default, whose ten bits of mantissa move features by about
    a thousandth between a GPU and a CPU.

    Args:
        device: Where the block computes.
    """
    convolutions = torch.backends.cudnn.allow_tf32
    products = torch.get_float32_matmul_precision()
    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.autocast(device.type, enabled=False):
            yield
    finally:
        torch.backends.cudnn.allow_tf32 = convolutions
        torch.set_float32_matmul_precision(products)


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
