"""Arrays of images in .npy and .npz files, as evaluation suites exchange them."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from regene_bench.base.errors import DataError, did_you_mean
from regene_bench.data.class_names import LABEL_NAMES

_IMAGES = ("arr_0", "images", "samples", "x")
_LABELS = ("arr_1", *LABEL_NAMES)
_MOST_BYTES = 1 << 36
DAMAGES = (
    OSError,
    ValueError,
    EOFError,
    OverflowError,
    # headers are parsed as Python, an encrypted or unknown compression is a RuntimeError
    SyntaxError,
    tokenize.TokenError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What NumPy raises on a file that is no array, or none any more."""


@dataclass(frozen=True)
class ArrayFile:
    """What such a file holds.

    Attributes:
        images: As it lies in the file, of any type and layout; an array or a tensor.
        labels: As they lie in the file, or None.
        others: Names of the arrays that are neither.
    """

    images: Any
    labels: np.ndarray | None
    others: tuple[str, ...] = ()


def read_array_file(path: Path, label_name: str | None = "") -> ArrayFile:
    """Read a ``.npy`` of images, or a ``.npz`` of images and perhaps labels.

    In a ``.npz`` the images are ``arr_0``, ``images``, ``samples`` or ``x``, or its only array of
    three or four axes; labels are ``label_name``, or else ``arr_1`` or the first that it has of
    ``LABEL_NAMES``, and none where that is None. Pickled objects are never loaded.

    Raises:
        DataError: The file is damaged, holds objects, or no such array.
    """
    try:
        if path.suffix.lower() == ".npy":
            return ArrayFile(read_npy(path), None)
        return _read_npz(path, label_name)
    except DAMAGES as error:
        objects = "allow_pickle" in str(error) or "object" in str(error).lower()
        raise DataError(
            f"Cannot read {path}: "
            + ("it holds pickled objects." if objects else f"it is damaged ({error})."),
            hint="Save plain arrays of numbers."
            if objects
            else "Write it again with numpy.save or numpy.savez.",
        ) from None


def read_npy(path: Path) -> np.ndarray:
    """Map the array of a ``.npy`` into memory.

    Raises:
        Exception: One of ``DAMAGES``.
    """
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(array, np.ndarray):
        array.close()
        raise ValueError("it is a .npz by another name")
    return array


def _read_npz(path: Path, label_name: str | None) -> ArrayFile:
    shapes = _declared(path)
    if not shapes:
        raise DataError(f"{path} holds no array.", hint="Write it again with numpy.savez.")
    pictures = [name for name, shape in shapes.items() if len(shape) in (3, 4)]
    named = [name for name in _IMAGES if name in pictures]
    if not named and len(pictures) != 1:
        listing = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
        raise DataError(
            f"Which array of {path} holds the images? It has {listing}.",
            hint="Name it 'images' (numpy.savez(path, images=…, labels=…)).",
        )
    images = named[0] if named else pictures[0]
    if label_name and label_name not in shapes:
        raise DataError(
            f"{path} has no array {label_name!r}.", hint=did_you_mean(label_name, shapes)
        )
    usual = (name for name in _LABELS if name in shapes and name != images)
    labels = None if label_name is None else label_name or next(usual, None)
    with np.load(path, allow_pickle=False) as file:
        others = tuple(name for name in shapes if name not in (images, labels))
        return ArrayFile(file[images], file[labels] if labels else None, others)


def _declared(path: Path) -> Mapping[str, tuple[int, ...]]:
    """Read the shapes of all arrays from their headers, before any memory is given to them."""
    shapes: dict[str, tuple[int, ...]] = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.file_size > _MOST_BYTES:
                raise DataError(
                    f"{entry.filename} in {path} declares {entry.file_size} bytes: too many.",
                    hint="Score fewer images at once.",
                )
            with archive.open(entry) as file:
                version = np.lib.format.read_magic(file)
                read = (
                    np.lib.format.read_array_header_1_0
                    if version == (1, 0)
                    else np.lib.format.read_array_header_2_0
                )
                shape, _, dtype = read(file)
                if dtype.hasobject:
                    raise ValueError("object array")
                begun = file.tell()
            if begun + int(np.prod(shape, dtype=object)) * dtype.itemsize != entry.file_size:
                raise ValueError(f"{entry.filename} has another size than its header says")
            shapes[entry.filename.removesuffix(".npy")] = shape
    return shapes
