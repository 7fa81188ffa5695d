"""Feature sets with known properties."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def gaussian(
    n: int, dimension: int, seed: int, *, shift: float = 0.0, scale: float = 1.0
) -> Tensor:
    """``[n, dimension]`` float64 samples of N(shift, scale² I)."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy(shift + scale * rng.standard_normal((n, dimension)))


def rotation(dimension: int, seed: int) -> Tensor:
    """An orthogonal matrix."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy(np.linalg.qr(rng.standard_normal((dimension, dimension)))[0])


def permuted(features: Tensor, seed: int) -> Tensor:
    """The same samples in another order."""
    return features[torch.from_numpy(np.random.default_rng(seed).permutation(len(features)))]
