"""A model that needs no file, to try the method with: the mean image of each class, and noise."""

from __future__ import annotations

import torch
from torch import Tensor

from regene_bench.api import BenchmarkData, SampleRng, to_float
from regene_bench_plugins.methods.pipeline.sampler import NO_NAMES

_NOISE = 0.1


class NoisyMeans:
    """Draws the mean of a class's training images with noise on it.

    Args:
        data: The benchmark's; a class without training images is grey.
    """

    labelled = True
    none: int | None = None
    names = NO_NAMES

    def __init__(self, data: BenchmarkData) -> None:
        self.classes: int | None = data.shape.n_classes
        shape = (data.shape.channels, data.shape.height, data.shape.width)
        members = [data.train.of_class(label) for label in range(data.shape.n_classes)]
        self._means = torch.stack(
            [
                to_float(data.train.images[rows]).mean(0)
                if len(rows)
                else torch.full(shape, 0.5, device=data.train.device)
                for rows in members
            ]
        )

    def draw(self, classes: Tensor, rng: SampleRng) -> Tensor:
        """As of ``Sampler``."""
        noise = rng.normal(len(classes), tuple(self._means.shape[1:])).to(classes.device)
        return (self._means.to(classes.device)[classes] + _NOISE * noise).clamp(0, 1)
