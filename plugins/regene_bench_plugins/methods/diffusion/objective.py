"""What an objective is, and the range of images that all of them are stated for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

Network = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Maps images ``[N, C, H, W]``, numbers that say where they are between noise and image, ``[N]``,
and labels, int64 ``[N]``, to float32 ``[N, C, H, W]``."""


class Objective(Protocol):
    """What a network learns, and what it then predicts. Images are in [−1, 1]."""

    def losses(self, network: Network, images: Tensor, labels: Tensor) -> Tensor:
        """Loss of each image with noise of a random strength, ``[N]``: a mean over its pixels."""
        ...

    def predict(self, network: Network, noisy: Tensor, level: Tensor, labels: Tensor) -> Tensor:
        """What the sampler asks for.

        Args:
            network: The trained network.
            noisy: ``[N, C, H, W]``.
            level: Where each is on the sampler's way, ``[N]``: its noise level, or the time.
            labels: int64 ``[N]``.

        Returns:
            ``[N, C, H, W]``.
        """
        ...


def to_symmetric(images: Tensor) -> Tensor:
    """Map pixels from [0, 1] to [−1, 1]."""
    return 2 * images - 1


def from_symmetric(images: Tensor) -> Tensor:
    """Map pixels from [−1, 1] to [0, 1]; what lies beyond is cut off."""
    return ((images + 1) / 2).clamp(0, 1)
