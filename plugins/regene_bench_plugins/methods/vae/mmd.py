"""Maximum mean discrepancy of codes from a prior (Gretton et al. 2012; Tolstikhin et al. 2018)."""

from __future__ import annotations

import torch
from torch import Tensor

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def multiquadratic_mmd(codes: Tensor, prior: Tensor) -> Tensor:
    """Unbiased estimate of the squared discrepancy of two samples, which can be below 0.

    The kernel is the sum over s of the inverse multiquadratics ``C / (C + ‖x − y‖²)`` with
    ``C = 2 D s``, s in ``SCALES``: 2 D is the expected squared distance of two draws from N(0, I)
    (Tolstikhin et al. 2018, section 4 and algorithm 2). Pairs of a code with itself are left out.

    Args:
        codes: ``[N, D]``, N at least 2.
        prior: Draws from the prior, ``[N, D]``.

    Returns:
        A scalar of the inputs' type, differentiable in both.

    Raises:
        ValueError: Fewer than two codes, or shapes that differ.
    """
    if codes.shape != prior.shape or len(codes) < 2:
        raise ValueError(f"no discrepancy of {list(codes.shape)} and {list(prior.shape)}")
    n = len(codes)
    within = _off_diagonal(_kernel(codes, codes)) + _off_diagonal(_kernel(prior, prior))
    return within / (n * (n - 1)) - 2 * _kernel(codes, prior).mean()


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    """Kernel of every pair, ``[N, N]``."""
    squares = x.square().sum(1, keepdim=True) + y.square().sum(1) - 2 * x @ y.T
    # Rounding can take the distance of neighbours below 0.
    squares = squares.clamp(min=0)
    total = torch.zeros_like(squares)
    for scale in SCALES:
        constant = 2 * x.shape[1] * scale
        total = total + constant / (constant + squares)
    return total


def _off_diagonal(kernel: Tensor) -> Tensor:
    return kernel.sum() - kernel.diagonal().sum()
