"""TF32, bfloat16 or full float32: the precision of matrix products of features, and whose they are.

A matrix product is computed in low precision where a bound of its error is all that is asked, and
in full float32 or float64 elsewhere. Whether networks train in bfloat16 is another question, which
``runtime/device.py`` answers.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from regene_bench.runtime.processor import has_slow_float32_products

# Unit roundoff: a number rounded to bfloat16, the lowest precision that is multiplied in, is off by
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


def products(first: Tensor, second: Tensor, out: Tensor) -> Tensor:
    """Multiply each sample with each, ``X Yᵀ``, in the features' own precision.

    Args:
        first: ``[n, D]``, float32 or float64.
        second: ``[m, D]``, of the same dtype.
        out: ``[n, m]``, contiguous; the result is written here.

    Returns:
        ``out``.
    """
    if first.device.type == "cpu" and first.dtype == torch.float32 and has_slow_float32_products():
        # tensors in oneDNN's own form are multiplied by it; autocast would round them
        with torch.autocast("cpu", enabled=False):
            by_onednn = F.linear(first.detach().to_mkldnn(), second.detach().to_mkldnn())
        return out.copy_(by_onednn.to_dense())
    return torch.mm(first.detach(), second.detach().T, out=out)


def has_fast_low_precision(device: torch.device) -> bool:
    """Tell whether a device multiplies matrices twice as fast, or faster, in low precision.

    The units for it are AMX or AVX512-BF16 (bfloat16) on a CPU, and tensor cores (TF32) on a CUDA
    device.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    # The capability query is private; without it full precision is the safe answer.
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return device.type == "cpu" and bool(probe and probe())


def low_precision_dtype(device: torch.device) -> torch.dtype:
    """Return what factors and results of ``low_precision_products`` are: bfloat16 on a CPU."""
    return torch.bfloat16 if device.type == "cpu" else torch.float32


def low_precision_products(first: Tensor, second: Tensor, out: Tensor) -> Tensor:
    """Multiply each sample with each, ``X Yᵀ``, in TF32 or bfloat16, where that is faster.

    The device may round the factors to bfloat16, in which these lose nothing; the products of two
    factors are exact and are summed in float32. Sums are rounded to ``low_precision_dtype``.

    Args:
        first: ``[n, D]`` of values that bfloat16 holds, of ``low_precision_dtype``.
        second: ``[m, D]``, the same.
        out: float32 ``[n, m]``; the result is written here.

    Returns:
        ``out``.
    """
    if first.dtype == torch.bfloat16:
        return out.copy_(first @ second.T)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        return torch.mm(first, second.T, out=out)
    finally:
        torch.set_float32_matmul_precision(before)
