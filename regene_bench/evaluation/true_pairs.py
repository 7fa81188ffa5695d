"""Where a mask over all pairs is true."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def true_pairs(mask: Tensor) -> tuple[Tensor, Tensor]:
    """Rows and columns of what is true in a mask, bool ``[n, m]``, row by row; int64 ``[P]`` each.

    On a CPU NumPy finds them, sooner than torch does where they are few.
    """
    if mask.device.type == "cpu":
        places = torch.from_numpy(np.flatnonzero(mask.numpy()))
    else:
        places = mask.flatten().nonzero()[:, 0]
    return places // mask.shape[1], places % mask.shape[1]
