"""Samples to be scored: held-out digits, in memory or in class folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from regene_bench_plugins.datasets.digits import Digits

from regene_bench.data.shapes import ImageShape, Split
from regene_bench.data.source import ImageSet
from tests.data.builders import as_picture, request


def some_digits(split_name: Split, per_class: int | None = None) -> ImageSet:
    """A split of digits, or its first few of each class, sorted by class."""
    split = Digits(request("digits", ImageShape(1, 8, 8, 10))).load(split_name)
    members = [np.flatnonzero(split.labels == label)[:per_class] for label in range(10)]
    chosen = np.concatenate(members)
    return ImageSet(split.images[chosen], split.labels[chosen], split.class_names)


def held_out_digits(per_class: int | None = None) -> ImageSet:
    """The test split of digits (360 images), or its first few of each class, sorted by class."""
    return some_digits("test", per_class)


def write_flat(folder: Path, images: np.ndarray) -> Path:
    """Write one PNG an image beside each other."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(images):
        as_picture(image).save(folder / f"{i:03}.png")
    return folder
