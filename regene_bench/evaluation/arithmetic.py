"""In which precision products of features are computed."""

from __future__ import annotations

import torch
from torch import Tensor


def product_dtype(features: Tensor) -> torch.dtype:
    """Return the dtype whose matrix products lose nothing of these features.

    float32 where the features are, and the device multiplies in full float32. Otherwise float64:
    on a CUDA device, or under a lower ``torch.set_float32_matmul_precision``, the factors of a
    float32 product may be rounded to 10 bits or fewer.
    """
    full = features.device.type == "cpu" and torch.get_float32_matmul_precision() == "highest"
    return torch.float32 if full and features.dtype != torch.float64 else torch.float64
