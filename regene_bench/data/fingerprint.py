"""One hash that tells two data sets apart, whatever files they came from."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

from regene_bench.data.source import ImageSet

if TYPE_CHECKING:
    from hashlib import _Hash

_CHUNK_BYTES = 1 << 24


def fingerprint(train: ImageSet, test: ImageSet) -> str:
    """Hash what a data set is after decoding.

    SHA-256 over, in this order and for train, then test:

    1. a header line, canonical JSON in UTF-8 ended by a newline: the format's version, the split's
       name, the images' shape ``[N, C, H, W]`` and the class names in label order;
    2. the labels, N little-endian signed 64-bit integers;
    3. the pixels, N·C·H·W bytes in C order (image, channel, row, column).

    The header fixes the length of what follows, so two data sets that differ cannot give the same
    byte string. The order of the images counts; memory layout, files and compression do not.

    Args:
        train: uint8 images ``[N, C, H, W]``, int64 labels ``[N]``.
        test: The same for the held-out split.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for split, data in (("train", train), ("test", test)):
        _update(digest, split, data)
    return digest.hexdigest()


def _update(digest: _Hash, split: str, data: ImageSet) -> None:
    header = {
        "class_names": list(data.class_names),
        "format": 1,
        "shape": list(data.images.shape),
        "split": split,
    }
    digest.update(json.dumps(header, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    digest.update(np.ascontiguousarray(data.labels, dtype="<i8").data)
    # in chunks, so that memory-mapped images never need to be in memory at once
    step = max(1, _CHUNK_BYTES // max(1, int(np.prod(data.images.shape[1:]))))
    for start in range(0, len(data.images), step):
        digest.update(np.ascontiguousarray(data.images[start : start + step], dtype=np.uint8).data)
