"""What a format is, and what its files are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from regene_bench.data.shapes import ImageShape
from regene_bench.data.source import ImageSet

SET_NAME = "the set"
"""What the folder of a data set is called within the data folder."""


@dataclass(frozen=True)
class Content:
    """Both splits of a small data set, as they are before a library writes them."""

    train: ImageSet
    test: ImageSet

    @property
    def shape(self) -> ImageShape:
        _, channels, height, width = self.train.images.shape
        return ImageShape(channels, height, width, len(self.train.class_names))


@dataclass(frozen=True)
class Format:
    """One way in which images come, written by the library that others write it with.

    Attributes:
        name: What people call it.
        libraries: Distributions that write it, whose versions the table shows; none where NumPy,
            Pillow and the standard library are all that it takes.
        content: What is written.
        write: Writes both splits below an empty folder.
        recognised: How it is told from others; a cell of the table in ``docs/formats.md``.
        read: What is read of it.
        refused: What is not, and is said so.
        source: Data source that reads it; empty where it is no data set.
        place: Where below the folder the data set lies; ``SET_NAME`` is what it is asked for by.
        options: The protocol's ``[data.options]``.
        samples: What to score below the folder; empty where it is no way to hand over samples.
        scored: The split that is scored.
        said: What a user says besides (arguments of ``read_samples``).
        label_file: File of labels below the folder that a user names.
    """

    name: str
    libraries: Sequence[str]
    content: Content
    write: Callable[[Path, Content], None]
    recognised: str
    read: str
    refused: str
    source: str = ""
    place: str = SET_NAME
    options: Mapping[str, Any] = field(default_factory=dict)
    samples: str = ""
    scored: str = "test"
    said: Mapping[str, Any] = field(default_factory=dict)
    label_file: str = ""


def content(
    channels: int,
    height: int,
    width: int,
    class_names: Sequence[str],
    *,
    train: int = 24,
    test: int = 12,
) -> Content:
    """Make noise images, no two alike and none like itself turned or mirrored.

    Every class has as many images as every other, to within one.
    """
    rng = np.random.default_rng(len(class_names) * 1000 + height)

    def split(n: int) -> ImageSet:
        images = rng.integers(0, 256, (n, channels, height, width), dtype=np.uint8)
        labels = np.arange(n, dtype=np.int64) % len(class_names)
        return ImageSet(images, labels, tuple(class_names))

    return Content(split(train), split(test))
