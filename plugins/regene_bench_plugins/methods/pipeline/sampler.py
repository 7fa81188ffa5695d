"""What an opened model must be able to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from torch import Tensor

from regene_bench.api import SampleRng

Names = Mapping[str, Sequence[int]]
"""Numbers of a model's classes by name; a name of several classes has several."""

NO_NAMES: Names = MappingProxyType({})


class Sampler(Protocol):
    """Draws images of a model's own classes."""

    @property
    def classes(self) -> int | None:
        """How many classes the model knows; ``None`` where it does not tell."""
        ...

    @property
    def names(self) -> Names:
        """The names of its classes, if they have some."""
        ...

    @property
    def labelled(self) -> bool:
        """False where the model does not look at classes."""
        ...

    @property
    def none(self) -> int | None:
        """The class that stands for none, if one does."""
        ...

    def draw(self, classes: Tensor, rng: SampleRng) -> Tensor:
        """Draw an image for each of the model's classes, int64 ``[n]``.

        Sample ``i`` takes its random numbers from ``rng``'s streams of ``i`` alone.

        Returns:
            float32 ``[n, C, H, W]`` in [0, 1].

        Raises:
            MethodError: The model failed, or gave no such images.
        """
        ...
