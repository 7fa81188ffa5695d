"""What every reader gives: images of the benchmark's shape, labels if there are any, and a hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.shapes import ImageShape

_CHUNK_BYTES = 1 << 24

Size = tuple[int, int]
"""Height and width in pixels."""
OWN_SHAPE = ImageShape(channels=0, height=0, width=0, n_classes=0)
"""Given to a reader in place of a benchmark's: the samples keep the shape that they all have."""


@dataclass(frozen=True)
class Samples:
    """Images to be scored.

    Attributes:
        images: uint8 ``[N, C, H, W]``.
        labels: int64 ``[N]`` in [0, K), or None where nothing says what the images show.
        source: Where they came from, for people to read.
        resized_from: The size that they had, if they were resized to the benchmark's; that of the
            first of them where they had several.
        n_sizes: How many sizes they had.
        left_out: Names of files that could not be decoded and are not among them, each with why.
        kept: bool ``[M]``: which of the M files that were listed they are; None if all.
        notes: What a reader of the scores must know about how the samples were read, such as files
            that were left out; it stands in the note of every total.
    """

    images: np.ndarray
    labels: np.ndarray | None
    source: str
    resized_from: Size | None = None
    notes: tuple[str, ...] = ()
    n_sizes: int = 1
    left_out: tuple[str, ...] = ()
    kept: np.ndarray | None = None

    @property
    def sizes_before(self) -> str:
        """The size that images were resized from, as width×height, or how many; empty if none."""
        if self.resized_from is None:
            return ""
        height, width = self.resized_from
        return f"{width}×{height}" if self.n_sizes == 1 else f"{self.n_sizes} sizes"

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def content(self) -> str:
        """SHA-256 (hex) over a header line, the labels and the pixels, wherever they came from.

        The header is canonical JSON with the images' shape and whether labels follow; it fixes the
        length of the rest, so different samples cannot give the same byte string.
        """
        header = {
            "format": 1,
            "labelled": self.labels is not None,
            "shape": list(self.images.shape),
        }
        digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode() + b"\n")
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels, dtype="<i8").data)
        step = max(1, _CHUNK_BYTES // max(1, int(np.prod(self.images.shape[1:]))))
        for start in range(0, len(self.images), step):
            digest.update(np.ascontiguousarray(self.images[start : start + step]).data)
        return digest.hexdigest()

    def labelled(self, labels: np.ndarray) -> Samples:
        """Return the samples with these labels.

        Args:
            labels: int64 ``[N]``; where files were left out ``[M]``, one for each file that was
                listed.

        Raises:
            DataError: There are not so many of them.
        """
        listed = len(self) if self.kept is None else len(self.kept)
        if labels.shape != (listed,):
            raise DataError(
                f"There are {listed} images in {self.source}, but labels of shape "
                f"{list(labels.shape)}.",
                hint="Give one label an image.",
            )
        return replace(self, labels=labels if self.kept is None else labels[self.kept])
