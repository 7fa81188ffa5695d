"""Losses of ReGene's classifier (section 6.7 of Gopalakrishnan et al. 2022).

The networks of the paper's tables end in a softmax, and so all four losses see probabilities. A
loss on logits would leave their scale to chance: a cosine has none, and squared errors or a hinge
are content with logits around 1, where ten classes have a confidence of 0.23 at most. Behind the
softmax each loss is least where the confidence of the right class is 1, so that thresholds on it
mean the same with all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import Tensor
from torch.nn import functional as F

ClassifierLoss = Literal["cross_entropy", "hinge", "cosine", "mse"]


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean of ``−log p_y``, equation 3 of the paper.

    Args:
        logits: float32 ``[N, K]``.
        labels: int64 ``[N]``.
    """
    return F.cross_entropy(logits, labels)


def hinge(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean of ``max(0, 1 + max over c ≠ y of p_c − p_y)``, in [0, 2].

    The multi-class hinge of Crammer and Singer (2001), of the probabilities. As they differ by 1 at
    most, the margin is reached at a confidence of 1 only.

    Args:
        logits: float32 ``[N, K]``, K at least 2.
        labels: int64 ``[N]``.
    """
    probabilities = logits.softmax(1)
    right = F.one_hot(labels, logits.shape[1]).bool()
    strongest_other = probabilities.masked_fill(right, 0.0).amax(1)
    own = probabilities.masked_fill(~right, 0.0).sum(1)
    return (1 + strongest_other - own).clamp(min=0).mean()


def cosine(logits: Tensor, labels: Tensor) -> Tensor:
    """One minus the mean cosine between the probabilities and the one-hot label, in [0, 1].

    Args:
        logits: float32 ``[N, K]``.
        labels: int64 ``[N]``.
    """
    probabilities = logits.softmax(1)
    own = probabilities.gather(1, labels[:, None]).squeeze(1)
    return 1 - (own / probabilities.square().sum(1).sqrt()).mean()


def mse(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean over images and classes of ``(p − one-hot)²``, in [0, 2 / K].

    Args:
        logits: float32 ``[N, K]``.
        labels: int64 ``[N]``.
    """
    return F.mse_loss(logits.softmax(1), F.one_hot(labels, logits.shape[1]).float())


CLASSIFIER_LOSSES: dict[ClassifierLoss, Callable[[Tensor, Tensor], Tensor]] = {
    "cross_entropy": cross_entropy,
    "hinge": hinge,
    "cosine": cosine,
    "mse": mse,
}
