"""Arrays of images in .npy and .npz files, as evaluation suites exchange them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from regene_bench.base.errors import DataError, UsageError, did_you_mean
from regene_bench.data.class_names import LABEL_NAMES
from regene_bench.data.npz_files import (
    DAMAGES,
    SplitArrays,
    damaged,
    declared_shapes,
    find_split_arrays,
    one_label_each,
)
from regene_bench.data.split_folders import SplitRole, role_of
from regene_bench.samples.splits import no_splits

_IMAGES = ("arr_0", "images", "samples", "x")
_LABELS = ("arr_1", *LABEL_NAMES)


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


def read_array_file(path: Path, label_name: str | None = "", split: str = "") -> ArrayFile:
    """Read a ``.npy`` of images, or a ``.npz`` of images and perhaps labels.

    In a ``.npz`` the images are ``arr_0``, ``images``, ``samples`` or ``x``, or its only array of
    three or four axes; labels are ``label_name``, or else ``arr_1`` or the first that it has of
    ``LABEL_NAMES``, and none where that is None. Or the arrays of one split, as Keras
    (``x_test``, ``y_test``) and MedMNIST (``test_images``, ``test_labels``) call them. Pickled
    objects are never loaded.

    Args:
        path: The file.
        label_name: Name of the array of labels; empty to look for it, None for no labels.
        split: Split to read where the file has several: ``train``, ``test``, ``val`` or the like.

    Raises:
        DataError: The file is damaged, holds objects, no such array, or several splits and none is
            asked for.
        UsageError: It has no such split, or no splits.
    """
    try:
        if path.suffix.lower() == ".npy":
            if split:
                raise no_splits(path)
            return ArrayFile(read_npy(path), None)
        return _read_npz(path, label_name, split)
    except DAMAGES as error:
        raise damaged(path, error) from None


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


def _read_npz(path: Path, label_name: str | None, split: str) -> ArrayFile:
    shapes = declared_shapes(path)
    if not shapes:
        raise DataError(f"{path} holds no array.", hint="Write it again with numpy.savez.")
    if label_name and label_name not in shapes:
        raise DataError(
            f"{path} has no array {label_name!r}.", hint=did_you_mean(label_name, shapes)
        )
    splits = find_split_arrays(shapes, path)
    if split or (splits and not any(name in shapes for name in _IMAGES)):
        arrays = _chosen(path, splits, split)
    else:
        arrays = _usual(path, shapes)
    labels = None if label_name is None else label_name or arrays.labels
    with np.load(path, allow_pickle=False) as file:
        others = tuple(name for name in shapes if name not in (arrays.images, labels))
        values = file[labels] if labels else None
        if values is not None and arrays in splits.values():
            values = one_label_each(values, f"{labels} of {path}")
        return ArrayFile(file[arrays.images], values, others)


def _usual(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> SplitArrays:
    """Find images and labels in a file that is one collection of images."""
    pictures = [name for name, shape in shapes.items() if len(shape) in (3, 4)]
    named = [name for name in _IMAGES if name in pictures]
    if not named and len(pictures) != 1:
        listing = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
        raise DataError(
            f"Which array of {path} holds the images? It has {listing}.",
            hint="Name it 'images' (numpy.savez(path, images=…, labels=…)).",
        )
    images = named[0] if named else pictures[0]
    return SplitArrays(
        images, next((name for name in _LABELS if name in shapes and name != images), None)
    )


def _chosen(path: Path, splits: Mapping[SplitRole, SplitArrays], split: str) -> SplitArrays:
    if not splits:
        raise no_splits(path)
    listed = ", ".join(splits)
    if not split and len(splits) > 1:
        raise DataError(
            f"{path} holds several splits of a data set: {listed}.",
            hint=f"Say which is meant: --split {next(iter(splits))}.",
        )
    role = role_of(split) if split else next(iter(splits))
    if role is None or role not in splits:
        raise UsageError(
            f"{path} has no split {split!r}; it has {listed}.",
            hint="Give one of these as --split.",
        )
    return splits[role]
