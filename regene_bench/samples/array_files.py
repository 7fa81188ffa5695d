"""Arrays of images in .npy and .npz files, as evaluation suites exchange them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from regene_bench.base.errors import DataError, UsageError, did_you_mean
from regene_bench.data.named_arrays import (
    IMAGE_NAMES,
    choose_images,
    choose_labels,
    list_of_classes,
)
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


@dataclass(frozen=True)
class ArrayFile:
    """What such a file holds.

    Attributes:
        images: As it lies in the file, of any type and layout; an array or a tensor.
        labels: As they lie in the file, or None.
        class_names: Names that integer labels index, where the file lists some.
        others: Names of the arrays that are none of these.
    """

    images: Any
    labels: np.ndarray | None
    class_names: tuple[str, ...] | None = None
    others: tuple[str, ...] = ()


def read_array_file(path: Path, label_name: str | None = "", split: str = "") -> ArrayFile:
    """Read a ``.npy`` of images, or a ``.npz`` of images and perhaps labels.

    In a ``.npz`` the images are the one array that is called as in ``IMAGE_NAMES``, or its only
    array of three or four axes; labels are ``label_name``, or else the first that it has of
    ``LABEL_NAMES`` and ``arr_1``, and none where that is None. ``class_names`` or ``classes`` may
    list what integers mean. Or the arrays of one split, as Keras (``x_test``, ``y_test``) and
    MedMNIST (``test_images``, ``test_labels``) call them. Pickled objects are never loaded.

    Args:
        path: The file.
        label_name: Name of the array of labels; empty to look for it, None for no labels.
        split: Split to read where the file has several: ``train``, ``test``, ``val`` or the like.

    Raises:
        DataError: The file is damaged, holds objects, no such array or several that could be
            meant, or several splits and none is asked for.
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
    is_split = bool(split or (splits and not any(name in shapes for name in IMAGE_NAMES)))
    with np.load(path, allow_pickle=False) as file:
        if is_split:
            arrays = _chosen(path, splits, split)
            images, usual = arrays.images, arrays.labels
        else:
            images, usual = choose_images(shapes, path, "array"), None
        if label_name == "" and not is_split:
            others = (name for name in shapes if name != images)
            usual = choose_labels(others, file.__getitem__, path, "array")
        labels = None if label_name is None else label_name or usual
        values = file[labels] if labels else None
        if values is not None and is_split and labels == usual:
            values = one_label_each(values, f"{labels} of {path}")
        left = tuple(name for name in shapes if name not in (images, labels))
        return ArrayFile(file[images], values, list_of_classes(file), left)


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
