"""Images with one bright corner, which is their class."""

from __future__ import annotations

import numpy as np
from regene_bench.api import DataError, DatasetSource, ImageSet, Split

NAMES = ("north west", "north east", "south west")
_PER_CLASS = {"train": 60, "test": 20}
_SEED = {"train": 0, "test": 1}


class Dusk(DatasetSource):
    """Drawn from a fixed seed a split."""

    def prepare(self) -> None:
        if self.request.shape.n_classes != len(NAMES):
            raise DataError(f"dusk has {len(NAMES)} classes.")

    def load(self, split: Split) -> ImageSet:
        shape = self.request.shape
        rng = np.random.default_rng(_SEED[split])
        labels = np.repeat(np.arange(len(NAMES)), _PER_CLASS[split])
        size = (len(labels), shape.channels, shape.height, shape.width)
        images = rng.integers(0, 60, size, dtype=np.uint8)
        half_height, half_width = shape.height // 2, shape.width // 2
        for image, label in zip(images, labels, strict=True):
            top, left = (label // 2) * half_height, (label % 2) * half_width
            image[:, top : top + half_height, left : left + half_width] += 150
        return ImageSet(images, labels.astype(np.int64), NAMES)
