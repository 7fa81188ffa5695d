"""Data sets whose images are rows of a CSV file, a column a pixel, as Kaggle hands them out."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.decode import DecodeOptions, ProgressFn, fit_images
from regene_bench.data.parquet_labels import LabelColumn, classes_of, number_labels
from regene_bench.data.pixel_tables import PixelColumns, find_columns, read_labels, read_pixels
from regene_bench.data.shapes import ImageShape, Split
from regene_bench.data.source import ImageSet
from regene_bench.data.split import hashed_test_mask
from regene_bench.data.split_folders import SplitRole, role_of

ColourOrder = Literal["pixels", "planes"]
"""How three colours follow one another: pixel by pixel (RGBRGB…), or one plane after the other."""


@dataclass(frozen=True)
class PixelCsvOptions:
    """What the user says about such files.

    Attributes:
        decode: Crop before resizing.
        label_column: Title of the column of labels; by default that of a usual name.
        colours: Order of the values of colour images; None for grey images.
        test_fraction: Share of each class that is held out where there is no labelled test file.
    """

    decode: DecodeOptions = field(default_factory=DecodeOptions)
    label_column: str | None = None
    colours: ColourOrder | None = None
    test_fraction: float = 0.1


@dataclass(frozen=True)
class PixelCsvSet:
    """A data set that was found.

    Attributes:
        train: File to train on.
        test: File that is held out; None where a part of ``train`` is.
        notes: Which files are not read, and why.
        options: What the user says.
    """

    train: PixelColumns
    test: PixelColumns | None
    notes: tuple[str, ...]
    options: PixelCsvOptions

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(columns.path for columns in (self.train, self.test) if columns)

    def frames_left_out(self, split: Split) -> tuple[str, ...]:
        """Say nothing: rows have no animations."""
        return ()

    def read(self, split: Split, shape: ImageShape, progress: ProgressFn | None) -> ImageSet:
        """Read one split.

        Returns:
            uint8 images ``[N, C, H, W]`` of the shape, labels int64 ``[N]``, and the classes in
            natural order of their names, or "0", "1", … where the labels are integers.

        Raises:
            DataError: A file is damaged, or its number of pixels is that of no image.
        """
        columns = self.test if split == "test" and self.test else self.train
        images = images_of_pixels(read_pixels(columns), columns, shape, self.options.colours)
        own = LabelColumn(columns.path, read_labels(columns), None)
        train = (
            own
            if columns is self.train
            else LabelColumn(self.train.path, read_labels(self.train), None)
        )
        names = classes_of([train])
        labels = number_labels([own], names, [train])
        if self.test is None:
            keys = [str(row) for row in range(len(labels))]
            mask = hashed_test_mask(keys, labels, self.options.test_fraction)
            chosen = mask if split == "test" else ~mask
            images, labels = images[chosen], labels[chosen]
        numbers = tuple(str(i) for i in range(shape.n_classes))
        return ImageSet(fit_images(images, shape, self.options.decode), labels, names or numbers)


def find_pixel_csv(place: Path, options: PixelCsvOptions) -> PixelCsvSet | None:
    """Find a data set in a CSV file, or in a folder of one or two.

    In a folder, names say which file is which: ``train.csv`` with ``test.csv``,
    ``sign_mnist_train.csv`` with ``sign_mnist_test.csv``; or there is one file. Where the test file
    has no labels, or there is none, a part of each class of the other is held out.

    Args:
        place: The file or folder.
        options: What the user says.

    Returns:
        None if there is no CSV file.

    Raises:
        DataError: Several files could be the same split, there is nothing to train on, or a file
            is no table of pixels or has no labels to train on.
    """
    if not place.is_dir():
        found = [place] if place.suffix.lower() == ".csv" and place.is_file() else []
    else:
        found = sorted(p for p in place.iterdir() if p.suffix.lower() == ".csv" and p.is_file())
    if not found:
        return None
    files: dict[SplitRole, Path] = {"train": found[0]} if len(found) == 1 else _by_role(found)
    if "train" not in files:
        raise DataError(
            f"{place} has {', '.join(path.name for path in found[:5])}, of which none is called as "
            "a file to train on.",
            hint="Call it train.csv, or name the file that is meant as path.",
        )
    held_out: SplitRole = "test" if "test" in files else "validation"
    train = find_columns(files["train"], options.label_column)
    if train.label is None:
        raise DataError(
            f"{train.path} has no column of labels.",
            hint='Call it "label" in the first line, or say label_column in [data.options].',
        )
    notes = [f"{path.name} is not read" for path in found if path not in _read(files, held_out)]
    test = (
        find_columns(files[held_out], train.label, may_lack_labels=True)
        if held_out in files
        else None
    )
    if test and test.label is None:
        notes.append(
            f"{test.path.name} has no labels and is passed over: a part of {train.path.name} is "
            "held out in its place"
        )
        test = None
    if test and test.pixels != train.pixels:
        raise DataError(
            f"{train.path} has images of {len(train.pixels)} pixels, {train.pixels[0]} to "
            f"{train.pixels[-1]}; {test.path} of {len(test.pixels)}, {test.pixels[0]} to "
            f"{test.pixels[-1]}.",
            hint="Put the files of one data set into a folder of their own.",
        )
    return PixelCsvSet(train, test, tuple(notes), options)


def images_of_pixels(
    pixels: np.ndarray, columns: PixelColumns, shape: ImageShape, colours: ColourOrder | None
) -> np.ndarray:
    """Arrange rows of pixels as images.

    They are of the size that the titles say, or the benchmark's, or square. A number of values that
    is three times a square is a colour image, and only where the user says in which order.

    Args:
        pixels: uint8 ``[N, P]``.
        columns: Where they come from.
        shape: The benchmark's.
        colours: Order of the values of colour images; None for grey images.

    Returns:
        uint8 ``[N, C, H, W]`` with C of 1, or of 3 with ``colours``.

    Raises:
        DataError: The number of pixels is that of no such image.
    """
    channels = 3 if colours else 1
    n = pixels.shape[1]
    size = _size(n, channels, columns, shape)
    if size is None:
        of_colour = not colours and _size(n, 3, columns, shape) is not None
        raise DataError(
            f"{columns.path} has {n} values an image, which make no square "
            f"{'colour' if colours else 'grey'} image.",
            hint="If they are colour images, a data set says in which order their values are: "
            'colours = "pixels" (RGBRGB…) or "planes" (all red, all green, all blue) in '
            "[data.options]. Samples are given in a .npz, as uint8 [N, H, W, 3]."
            if of_colour
            else "Write them into a .npz, as uint8 [N, H, W].",
        )
    height, width = size
    if colours == "pixels":
        return pixels.reshape(-1, height, width, 3).transpose(0, 3, 1, 2)
    return pixels.reshape(-1, channels, height, width)


def _size(
    n: int, channels: int, columns: PixelColumns, shape: ImageShape
) -> tuple[int, int] | None:
    if columns.size:
        return columns.size if channels == 1 else None
    if channels * shape.height * shape.width == n:
        return shape.height, shape.width
    side = math.isqrt(n // channels)
    return (side, side) if channels * side * side == n else None


def _by_role(found: list[Path]) -> dict[SplitRole, Path]:
    """Find the files of splits among several, by the one word in a name that says which it is."""
    files: dict[SplitRole, Path] = {}
    for path in found:
        roles = {role for word in re.split(r"[\W_]+", path.stem) if (role := role_of(word))}
        if len(roles) != 1:
            continue
        role = roles.pop()
        if role in files:
            raise DataError(
                f"{path.parent} has {files[role].name} and {path.name}: which of them is meant?",
                hint="Move the other out of that folder.",
            )
        files[role] = path
    return files


def _read(files: dict[SplitRole, Path], held_out: SplitRole) -> set[Path]:
    return {files[role] for role in ("train", held_out) if role in files}
