"""What a sampler is, and guidance, which changes what any sampler is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

Predict = Callable[[Tensor, float], Tensor]
"""Maps noisy images ``[N, C, H, W]`` and a noise level or time to what the objective predicts."""

PredictClass = Callable[[Tensor, float, Tensor], Tensor]
"""The same for images of given classes, int64 ``[N]``."""

DrawNoise = Callable[[str], Tensor]
"""Draws standard normal noise ``[N, C, H, W]``; other names, other noise."""


class Sampler(Protocol):
    """Turns noise into images by what a network predicts."""

    def draw(self, predict: Predict, noise: DrawNoise) -> Tensor:
        """Return images ``[N, C, H, W]``, in [−1, 1] but for the network's errors."""
        ...


def guided(predict: PredictClass, labels: Tensor, no_class: int, guidance: float) -> Predict:
    """Predict for classes, away from what is predicted for none (Ho & Salimans 2022).

    Args:
        predict: Knows classes, and what stands for none.
        labels: Classes that are wanted, int64 ``[N]``.
        no_class: The label that stands for none.
        guidance: w in none + w · (class − none). With 1 it is the class's prediction and costs one
            pass; all else costs two.
    """
    if guidance == 1:
        return lambda noisy, level: predict(noisy, level, labels)
    both = torch.cat([labels, torch.full_like(labels, no_class)])

    def of_both(noisy: Tensor, level: float) -> Tensor:
        with_class, without = predict(torch.cat([noisy, noisy]), level, both).chunk(2)
        return torch.lerp(without, with_class, guidance)

    return of_both
