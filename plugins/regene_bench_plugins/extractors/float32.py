"""What an extractor's card promises: float32, whatever precision surrounds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


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
