"""What every reader gives: images of the benchmark's shape, labels if there are any, and a hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from regene_bench.base.errors import DataError

_CHUNK_BYTES = 1 << 24

Size = tuple[int, int]
"""Height and width in pixels."""
ARRAY = "an array"
TENSOR = "a tensor"
IN_MEMORY = (ARRAY, TENSOR)
"""What samples without a path are said to come from (``Samples.source``)."""


@dataclass(frozen=True)
class Samples:
    """Images to be scored.

    Attributes:
        images: uint8 ``[N, C, H, W]``.
        labels: int64 ``[N]`` in [0, K), or None where nothing says what the images show.
        source: Where they came from, for people to read.
        resized_from: The size that they had, if they were resized to the benchmark's.
        notes: What a reader of the scores must know about how the samples were read, such as files
            that were left out; it stands in the note of every total.
    """

    images: np.ndarray
    labels: np.ndarray | None
    source: str
    resized_from: Size | None = None
    notes: tuple[str, ...] = ()

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
        """Return the samples with these labels, int64 ``[N]``.

        Raises:
            DataError: There are not N of them.
        """
        if labels.shape != (len(self),):
            raise DataError(
                f"There are {len(self)} images in {self.source}, but labels of shape "
                f"{list(labels.shape)}.",
                hint="Give one label an image.",
            )
        return replace(self, labels=labels)
