"""The idx files of MNIST and its relatives, plain or gzipped."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.shapes import Split

_PREFIX: Final[Mapping[Split, str]] = {"train": "train", "test": "t10k"}
_BYTE_TYPE: Final = 0x08
# deflate cannot pack more than this many bytes into one
_MAX_RATIO: Final = 1032


@dataclass(frozen=True)
class IdxFiles:
    """Images and labels of both splits: ``files[split] == (images, labels)``."""

    files: Mapping[Split, tuple[Path, Path]]


def find_idx(folder: Path) -> IdxFiles | None:
    """Find MNIST's four files in a folder.

    ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte`` and the same with ``t10k-``, each
    plain or with ``.gz``, ``.idx3`` instead of ``-idx3`` as some mirrors have it. A gzipped file
    wins over a plain one: it carries a checksum.

    Returns:
        The files, or None if none of the four is there.

    Raises:
        DataError: Some of the four are there, but not all; names the missing ones.
    """
    found: dict[Split, tuple[Path | None, Path | None]] = {
        split: (
            _one(folder, f"{prefix}-images", "idx3-ubyte"),
            _one(folder, f"{prefix}-labels", "idx1-ubyte"),
        )
        for split, prefix in _PREFIX.items()
    }
    flat = [path for pair in found.values() for path in pair]
    if not any(flat):
        return None
    if not all(flat):
        wanted = [
            f"{prefix}-{what}"
            for prefix in _PREFIX.values()
            for what in ("images-idx3-ubyte", "labels-idx1-ubyte")
        ]
        lacking = [name for name, path in zip(wanted, flat, strict=True) if path is None]
        raise DataError(
            f"The data set in {folder} is incomplete: {', '.join(lacking)} (or .gz) is missing.",
            hint="Add the missing files to that folder.",
        )
    return IdxFiles(cast("dict[Split, tuple[Path, Path]]", found))


def read_idx_split(files: IdxFiles, split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Read one split.

    Returns:
        uint8 images ``[N, 1, H, W]`` and int64 labels ``[N]``.

    Raises:
        DataError: A file is corrupt, or images and labels differ in number; names it.
    """
    image_file, label_file = files.files[split]
    images = read_idx(image_file, dimensions=3)
    labels = read_idx(label_file, dimensions=1)
    if len(images) != len(labels):
        raise DataError(
            f"{image_file} holds {len(images)} images, but {label_file} {len(labels)} labels."
        )
    return images[:, None], labels.astype(np.int64)


def read_idx(path: Path, *, dimensions: int) -> np.ndarray:
    """Read one idx file of unsigned bytes.

    Args:
        path: The file; gzipped if its name ends in ``.gz``.
        dimensions: Number of dimensions that it must have.

    Returns:
        uint8 of that many dimensions.

    Raises:
        DataError: Not an idx file of bytes, too short, too long, or damaged gzip; names the file.
    """
    zipped = path.suffix == ".gz"
    limit = path.stat().st_size * (_MAX_RATIO if zipped else 1)
    try:
        with gzip.open(path, "rb") if zipped else path.open("rb") as file:
            return _parse(cast("IO[bytes]", file), path, dimensions, limit)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, f"{error}") from error


def _parse(file: IO[bytes], path: Path, dimensions: int, limit: int) -> np.ndarray:
    magic = file.read(4)
    if magic != bytes((0, 0, _BYTE_TYPE, dimensions)):
        raise _damaged(
            path,
            f"it begins with {magic.hex() or 'nothing'} where an idx file of bytes with "
            f"{dimensions} dimension(s) begins with 0000{_BYTE_TYPE:02x}{dimensions:02x}",
        )
    header = file.read(4 * dimensions)
    if len(header) < 4 * dimensions:
        raise _damaged(path, "it ends within its header")
    sizes = [int(n) for n in np.frombuffer(header, dtype=">u4")]
    expected = int(np.prod(sizes, dtype=object))
    # asked before anything is allocated: a damaged header can claim any size
    if expected > limit:
        raise _damaged(path, f"its header promises {expected} bytes, more than it can hold")
    content = file.read(expected + 1)
    if len(content) != expected:
        kind = "short" if len(content) < expected else "long"
        raise _damaged(path, f"it is too {kind}: its header promises {expected} bytes of pixels")
    return np.frombuffer(content, dtype=np.uint8).reshape(sizes)


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(f"The file {path} is corrupt: {reason}.", hint="Fetch the file again.")


def _one(folder: Path, stem: str, kind: str) -> Path | None:
    names = (f"{stem}-{kind}.gz", f"{stem}.{kind}.gz", f"{stem}-{kind}", f"{stem}.{kind}")
    return next((folder / name for name in names if (folder / name).is_file()), None)
