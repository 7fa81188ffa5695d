"""Data sets in a ``.npz``, as Keras and MedMNIST publish them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.array_axes import channels_first
from regene_bench.data.decode import DecodeOptions, ProgressFn, fit_images
from regene_bench.data.named_arrays import choose_images, choose_labels, list_of_classes
from regene_bench.data.npz_files import (
    DAMAGES,
    SplitArrays,
    damaged,
    declared_shapes,
    find_split_arrays,
    one_label_each,
)
from regene_bench.data.shapes import ImageShape, Split
from regene_bench.data.source import ImageSet
from regene_bench.data.split import hashed_test_mask
from regene_bench.data.split_folders import USUAL_SPLITS, SplitNames, SplitRole, role_of


@dataclass(frozen=True)
class NpzSet:
    """A data set that was found in one file.

    Attributes:
        path: The file.
        train: Arrays to train on.
        test: Arrays that are held out; None where a part of ``train`` is.
        notes: What is not read of it.
        decode: Crop before resizing.
        test_fraction: Share of each class that is held out where there is no test split.
    """

    path: Path
    train: SplitArrays
    test: SplitArrays | None
    notes: tuple[str, ...]
    decode: DecodeOptions
    test_fraction: float

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.path,)

    def frames_left_out(self, split: Split) -> tuple[str, ...]:
        """Say nothing: arrays have no animations."""
        return ()

    def read(self, split: Split, shape: ImageShape, progress: ProgressFn | None) -> ImageSet:
        """Read one split.

        Returns:
            uint8 images ``[N, C, H, W]`` of the shape; labels int64 ``[N]`` as they stand in the
            file, and the classes that they index: of an array ``class_names``, else "0", "1", …

        Raises:
            DataError: The arrays are damaged, no 8-bit images, or have other labels than integers.
        """
        arrays = self.test if split == "test" and self.test else self.train
        try:
            with np.load(self.path, allow_pickle=False) as file:
                images, labels = file[arrays.images], file[str(arrays.labels)]
                names = list_of_classes(file)
        except DAMAGES as error:
            raise damaged(self.path, error) from None
        images = self._pixels(images, shape, arrays.images)
        labels = self._integers(labels, len(images), str(arrays.labels))
        if self.test is None:
            keys = [str(i) for i in range(len(labels))]
            mask = hashed_test_mask(keys, labels, self.test_fraction)
            chosen = mask if split == "test" else ~mask
            images, labels = images[chosen], labels[chosen]
        numbers = tuple(str(i) for i in range(shape.n_classes))
        return ImageSet(fit_images(images, shape, self.decode), labels, names or numbers)

    def _pixels(self, images: np.ndarray, shape: ImageShape, name: str) -> np.ndarray:
        where = f"{name} of {self.path}"
        if images.dtype != np.uint8:
            raise DataError(
                f"{where} has values of type {images.dtype}; the images of a data set are uint8 in "
                "0..255.",
                hint="Write it again; for numbers from 0 (black) to 1 (white) by "
                "numpy.rint(255 * x.clip(0, 1)).astype('uint8').",
            )
        return channels_first(images, shape, where)

    def _integers(self, labels: np.ndarray, n: int, name: str) -> np.ndarray:
        where = f"{name} of {self.path}"
        labels = one_label_each(labels, where)
        if labels.ndim != 1 or labels.dtype.kind not in "iu":
            raise DataError(
                f"{where} has the shape {list(labels.shape)} and values of type {labels.dtype}.",
                hint="The labels of a data set are one integer an image; what they are called is "
                "said by class_names = [...] in the protocol.",
            )
        if len(labels) != n:
            raise DataError(
                f"{where} has {len(labels)} labels for {n} images.",
                hint="Write it again with a label for each image.",
            )
        return labels.astype(np.int64)


def find_npz(
    place: Path,
    *,
    decode: DecodeOptions,
    test_fraction: float,
    wanted: SplitNames = USUAL_SPLITS,
) -> NpzSet | None:
    """Find a data set in a ``.npz``, or in a folder that holds one such file.

    Either arrays of the splits (``npz_files.find_split_arrays``) or one collection, ``images`` or
    ``x`` with ``labels`` or the like, of which a part is held out. A validation split stands in
    for a test split where there is none, or none with labels (all are -1).

    Args:
        place: The file or folder.
        decode: Crop before resizing.
        test_fraction: Share of each class that is held out where there is no test split.
        wanted: Which splits are meant, where not the usual ones.

    Returns:
        None if there is no such file.

    Raises:
        DataError: There are several, or the file is damaged, holds no labelled images, or has not
            the splits that are wanted.
    """
    path = _only_npz(place)
    if path is None:
        return None
    try:
        shapes = declared_shapes(path)
    except DAMAGES as error:
        raise damaged(path, error) from None
    splits = find_split_arrays(shapes, path) or _one_collection(path, shapes)
    train = splits.get("train")
    if train is None:
        listing = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
        raise DataError(
            f"{path} has no images to train on. It has {listing or 'no arrays'}.",
            hint="Call the arrays x_train, y_train, x_test and y_test; or images and labels, of "
            "which a part is held out.",
        )
    if wanted:
        train = _called(wanted.train or "train", splits, path)
        test = _called(wanted.test, splits, path) if wanted.test else splits.get("test")
        notes: tuple[str, ...] = ()
        if test and test.labels and _are_hidden(path, test.labels):
            raise DataError(
                f"{test.labels} of {path} hides its labels: all of them are negative.",
                hint=f"Name another split as test; the file has {', '.join(splits)}.",
            )
    else:
        test, notes = _held_out(path, splits, shapes)
    for arrays in filter(None, (train, test)):
        if arrays.labels is None:
            raise DataError(
                f"{path} has images, {arrays.images}, but no labels of them.",
                hint=f"It has {', '.join(shapes)}. Labels are called y_train or train_labels, as "
                "their images are.",
            )
    return NpzSet(path, train, test, notes, decode, test_fraction)


def _called(name: str, splits: Mapping[SplitRole, SplitArrays], path: Path) -> SplitArrays:
    """Find the split that the protocol means by a name."""
    role = role_of(name)
    if role is None or role not in splits:
        raise DataError(
            f"{path} has no split {name!r}; it has {', '.join(splits)}.",
            hint="Name one of these in the protocol's [data]: train = … and test = ….",
        )
    return splits[role]


def _held_out(
    path: Path,
    splits: Mapping[SplitRole, SplitArrays],
    shapes: Mapping[str, tuple[int, ...]],
) -> tuple[SplitArrays | None, tuple[str, ...]]:
    """Choose what is held out, None for a part of the training images, and say what is not read."""
    test, validation = splits.get("test"), splits.get("validation")
    notes: list[str] = []
    if test and test.labels and _are_hidden(path, test.labels):
        notes.append(
            f"{test.labels} hides its labels and is passed over: "
            + (f"{validation.images} is" if validation else "a part of the training images is")
            + " held out in its place"
        )
        test, validation = validation, None
    if test and validation:
        n = shapes[validation.images][0] if shapes[validation.images] else 0
        notes.append(f"{validation.images}, the {n} images to validate with, are not read")
    return test or validation, tuple(notes)


def _are_hidden(path: Path, labels: str) -> bool:
    """Tell whether all labels are negative, as those of competitions are."""
    try:
        with np.load(path, allow_pickle=False) as file:
            values = file[labels]
    except DAMAGES as error:
        raise damaged(path, error) from None
    return bool(values.size and values.dtype.kind == "i" and (values < 0).all())


def _only_npz(place: Path) -> Path | None:
    if not place.is_dir():
        return place if place.suffix.lower() == ".npz" and place.is_file() else None
    files = sorted(path for path in place.glob("*.npz") if path.is_file())
    if len(files) > 1:
        raise DataError(
            f"{place} holds several .npz files: {', '.join(path.name for path in files[:5])}.",
            hint=f'Name the one that is meant: path = "{files[0]}".',
        )
    return files[0] if files else None


def _one_collection(
    path: Path, shapes: Mapping[str, tuple[int, ...]]
) -> dict[SplitRole, SplitArrays]:
    images = choose_images(shapes, path, "array")
    others = [name for name in shapes if name != images]
    try:
        with np.load(path, allow_pickle=False) as file:
            labels = choose_labels(others, file.__getitem__, path, "array", may_be_named=False)
    except DAMAGES as error:
        raise damaged(path, error) from None
    return {"train": SplitArrays(images, labels)}
