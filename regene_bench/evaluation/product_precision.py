"""In which precision products of features are computed."""

from __future__ import annotations

import torch
from torch import Tensor

# A factor rounded to bfloat16, the shortest that is multiplied with, is off by no larger share.
SHORT_FACTOR = 2.0**-8


def product_dtype(features: Tensor) -> torch.dtype:
    """Return the dtype whose matrix products lose nothing of these features.

    float32 where the features are, and the device multiplies in full float32. Otherwise float64:
    on a CUDA device, or under a lower ``torch.set_float32_matmul_precision``, the factors of a
    float32 product may be rounded to 10 bits or fewer.
    """
    full = features.device.type == "cpu" and torch.get_float32_matmul_precision() == "highest"
    return torch.float32 if full and features.dtype != torch.float64 else torch.float64


def has_short_products(device: torch.device) -> bool:
    """Tell whether a device has units that multiply short factors several times as fast.

    They are AMX on a CPU, and tensor cores with TF32 on a CUDA device.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    # The capability query is private; without it full products are the safe answer.
    probe = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return device.type == "cpu" and bool(probe and probe())


def short_product(first: Tensor, second: Tensor, out: Tensor) -> Tensor:
    """Multiply float32 ``[n, D]`` by ``[D, m]`` with factors that are short already.

    The device may shorten them to bfloat16, in which they lose nothing; their products are exact
    and are summed in float32.

    Args:
        first: Values that bfloat16 holds.
        second: Values that bfloat16 holds.
        out: float32 ``[n, m]``.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        return torch.mm(first, second, out=out)
    finally:
        torch.set_float32_matmul_precision(before)
