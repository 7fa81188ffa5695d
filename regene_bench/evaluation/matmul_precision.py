"""TF32, bfloat16 or full float32: the precision of matrix products of features.

A matrix product is computed in low precision where that loses nothing, because its factors hold few
digits anyway, and in full float32 or float64 elsewhere. Whether networks train in bfloat16 is
another question, which ``runtime/device.py`` answers.
"""

from __future__ import annotations

import torch
from torch import Tensor

# Unit roundoff: a factor rounded to bfloat16, the lowest precision that is multiplied in, is off by
# no larger share of itself.
BFLOAT16_ROUNDOFF = 2.0**-8


def matmul_dtype(features: Tensor) -> torch.dtype:
    """Return the dtype whose matrix products lose nothing of these features.

    float32 where the features are, and the device multiplies in full float32. Otherwise float64:
    on a CUDA device, or under a lower ``torch.set_float32_matmul_precision``, the factors of a
    float32 product may be rounded to 10 bits or fewer.
    """
    full = features.device.type == "cpu" and torch.get_float32_matmul_precision() == "highest"
    return torch.float32 if full and features.dtype != torch.float64 else torch.float64


def has_fast_low_precision(device: torch.device) -> bool:
    """Tell whether a device multiplies matrices several times as fast in low precision.

    The units for it are AMX (bfloat16) on a CPU, and tensor cores (TF32) on a CUDA device.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    # The capability query is private; without it full precision is the safe answer.
    probe = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return device.type == "cpu" and bool(probe and probe())


def low_precision_matmul(first: Tensor, second: Tensor, out: Tensor) -> Tensor:
    """Multiply ``[n, D]`` by ``[D, m]`` in TF32 or bfloat16, where the device is faster so.

    The device may round the factors to bfloat16, in which these lose nothing; the products of two
    factors are exact and are summed in float32.

    Args:
        first: float32 ``[n, D]`` of values that bfloat16 holds.
        second: float32 ``[D, m]`` of values that bfloat16 holds.
        out: float32 ``[n, m]``; the result is written here.

    Returns:
        ``out``.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        return torch.mm(first, second, out=out)
    finally:
        torch.set_float32_matmul_precision(before)
