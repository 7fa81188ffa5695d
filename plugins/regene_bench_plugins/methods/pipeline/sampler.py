"""What an opened model must be able to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor

from regene_bench.api import SampleRng


class Sampler(Protocol):
    """Draws images of a model's own classes."""

    @property
    def classes(self) -> int | None:
        """How many classes the model knows; ``None`` where it does not tell."""
        ...

    @property
    def names(self) -> Mapping[str, int]:
        """Numbers of its classes by name; empty where they have none."""
        ...

    @property
    def labelled(self) -> bool:
        """False where the model does not look at classes."""
        ...

    def draw(self, classes: Tensor, rng: SampleRng) -> Tensor:
        """Draw an image for each of the model's classes, int64 ``[n]``.

        Sample ``i`` takes its random numbers from ``rng``'s streams of ``i`` alone.

        Returns:
            float32 ``[n, C, H, W]`` in [0, 1], before any rounding outside of it is cut off.
        """
        ...
