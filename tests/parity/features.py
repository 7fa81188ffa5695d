"""Feature sets such as an Inception network gives: not negative, correlated, far from zero mean."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def inception_like(n: int, dimension: int, seed: int, *, shift: float = 0.0) -> Tensor:
    """float32 ``[n, dimension]``, rectified mixtures of fewer factors than dimensions."""
    rng = np.random.default_rng(seed)
    factors = max(2, dimension // 4)
    mixing = np.random.default_rng(12345).standard_normal((factors, dimension)) / factors**0.5
    hidden = rng.standard_normal((n, factors)) @ mixing
    own = 0.3 * rng.standard_normal((n, dimension))
    return torch.from_numpy(np.maximum(0, 0.4 + shift + 0.5 * hidden + own).astype(np.float32))
