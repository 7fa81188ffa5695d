"""Inception score (Salimans et al. 2016): exp of the mean divergence of p(y|x) from p(y)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from regene_bench.base.errors import MethodError, TooFewImagesError


def count_splits(n: int, n_classes: int, most: int = 10) -> int:
    """Return how many splits of ``n`` samples can each show every class; 0 if there is none.

    The score counts the classes that a split shows. A split with fewer samples than classes cannot
    show them all: ten samples in ten splits score exactly one, whatever they are.

    Args:
        n: Number of samples.
        n_classes: Number of classes that they are of.
        most: The usual number of splits.
    """
    return min(most, n // n_classes)


def inception_score(
    logits: Tensor, splits: int = 10, seed: int | None = 2020
) -> tuple[float, float]:
    """Compute the score over splits, in float64.

    Args:
        logits: ``[N, K]``.
        splits: Number of equal splits ``[i*N//S, (i+1)*N//S)``.
        seed: Seed of the permutation before splitting, NumPy's ``RandomState`` as torch-fidelity
            has it; ``None`` keeps the order. Samples that lie sorted by class must be permuted, or
            each split holds few classes.

    Returns:
        Mean and population standard deviation over the splits.

    Raises:
        MethodError: Fewer samples than splits, or logits that are not finite.
    """
    n = len(logits)
    if n < splits:
        raise TooFewImagesError(
            f"An Inception score over {splits} splits needs more than {n} samples."
        )
    if not bool(torch.isfinite(logits).all()):
        raise MethodError("The logits are not finite.")
    log_p = torch.log_softmax(logits.double(), dim=1)
    if seed is not None:
        order = torch.from_numpy(np.random.RandomState(seed).permutation(n))
        log_p = log_p[order.to(log_p.device)]
    scores = []
    for i in range(splits):
        part = log_p[i * n // splits : (i + 1) * n // splits]
        p = part.exp()
        marginal = p.mean(dim=0, keepdim=True).clamp(min=1e-300).log()
        # xlogy-like: where p underflows to zero the term is zero, not NaN.
        divergence = torch.where(p > 0, p * (part - marginal), 0.0).sum(dim=1)
        scores.append(float(divergence.mean().exp()))
    values = torch.tensor(scores, dtype=torch.float64)
    return float(values.mean()), float(values.std(unbiased=False))
