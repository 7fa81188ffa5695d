"""What a ``.npz`` holds, by its headers: before any memory is given to its arrays."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.first_bytes import named_wrongly
from regene_bench.data.split_folders import SplitRole, role_of

_MOST_BYTES = 1 << 36
_IMAGE_WORDS = frozenset({"x", "image", "images"})
_LABEL_WORDS = frozenset({"y", "label", "labels"})
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
class SplitArrays:
    """Names of the arrays of one split.

    Attributes:
        images: Array of its images.
        labels: Array of its labels; None if it has none.
    """

    images: str
    labels: str | None


def find_split_arrays(names: Iterable[str], path: Path) -> dict[SplitRole, SplitArrays]:
    """Find the splits that a file's arrays are called by.

    Keras calls them ``x_train``, ``y_train``, ``x_test`` and ``y_test``; MedMNIST ``train_images``,
    ``train_labels``, ``val_images`` and so on. Capitals do not count.

    Args:
        names: Names of all arrays.
        path: The file, for messages.

    Returns:
        The splits that have images; none if the arrays are called otherwise.

    Raises:
        DataError: Two arrays could be the same thing of the same split.
    """
    images: dict[SplitRole, str] = {}
    labels: dict[SplitRole, str] = {}
    for name in names:
        first, _, last = name.casefold().partition("_")
        for split_word, kind in ((first, last), (last, first)):
            role = role_of(split_word)
            group = images if kind in _IMAGE_WORDS else labels if kind in _LABEL_WORDS else None
            if role is None or group is None:
                continue
            if role in group:
                raise DataError(
                    f"{path} has {group[role]} and {name}: which of them is meant?",
                    hint="Write the file again with one of them.",
                )
            group[role] = name
    return {role: SplitArrays(name, labels.get(role)) for role, name in images.items()}


def declared_shapes(path: Path) -> Mapping[str, tuple[int, ...]]:
    """Read the shapes of all arrays from their headers, before any memory is given to them.

    Raises:
        DataError: An array declares more than 64 GiB.
        Exception: One of ``DAMAGES``.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.file_size > _MOST_BYTES:
                raise DataError(
                    f"{entry.filename} in {path} declares {entry.file_size} bytes: too many.",
                    hint="Write fewer images into one file.",
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


def one_label_each(labels: np.ndarray, where: str) -> np.ndarray:
    """Take the labels of a split out of the column in which MedMNIST keeps them.

    Args:
        labels: ``[N]`` or ``[N, 1]``.
        where: Names the array in error messages.

    Returns:
        ``[N]``; other shapes, one-hot vectors among them, are returned as they are.

    Raises:
        DataError: Images have several labels or none, as in ChestMNIST.
    """
    if labels.ndim != 2 or labels.shape[1] == 1:
        return labels[:, 0] if labels.ndim == 2 else labels
    marks = (labels == 0) | (labels == 1)
    if marks.all() and (labels.sum(axis=1) != 1).any():
        raise DataError(
            f"{where} marks any number of {labels.shape[1]} findings in each image, not the one "
            "class that the image is of.",
            hint="A benchmark needs images of one class each. Samples can be scored without "
            "their labels: --labels none.",
        )
    return labels


def damaged(path: Path, error: Exception, what: str = "") -> DataError:
    """Make the error for one of ``DAMAGES``; ``what`` says in a word what the file should hold."""
    if wrong := named_wrongly(path, path.suffix.lower()):
        return wrong
    objects = "allow_pickle" in str(error) or "object" in str(error).lower()
    return DataError(
        f"Cannot read {what}{path}: "
        + ("it holds pickled objects." if objects else f"it is damaged ({error})."),
        hint="Save plain arrays: of numbers, or of words (array.astype(str))."
        if objects
        else "Write it again with numpy.save or numpy.savez.",
    )
