"""Images as files in folders, one folder a class."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.records import Block, Records
from regene_bench.data.shapes import Split
from regene_bench.data.split import hash_order, hashed_test_mask

IMAGE_SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".ppm"}
)
_TEST_NAMES: Final = ("test", "val", "valid", "validation")


@dataclass(frozen=True)
class ImageFiles:
    """Image files of one split.

    Attributes:
        paths: N files, ordered by the hash of their path relative to the data set, so that any
            prefix is an unbiased sample.
        labels: int64 ``[N]``.
    """

    paths: tuple[Path, ...]
    labels: np.ndarray


@dataclass(frozen=True)
class ClassFolders:
    """A data set of image files.

    Attributes:
        train: Files of the training split.
        test: Files of the held-out split.
        class_names: Names of the classes; the label of a file is its class's place here.
    """

    train: ImageFiles
    test: ImageFiles
    class_names: tuple[str, ...]

    def split(self, split: Split) -> ImageFiles:
        return self.train if split == "train" else self.test


def find_class_folders(
    folder: Path, *, test_fraction: float, only_with_splits: bool = False
) -> ClassFolders | None:
    """List a data set of class folders.

    Either ``train/<class>/…`` and ``test/<class>/…`` (or ``val``, ``valid``, ``validation``), or
    only ``<class>/…``, from which ``split.hashed_test_mask`` takes the test split. Images may lie
    at any depth below their class; hidden files and folders are left out. Classes are in
    alphabetical order.

    Args:
        folder: The data set's folder.
        test_fraction: Share of each class that is held out where there is no test folder.
        only_with_splits: Do not take bare ``<class>`` folders for a data set.

    Returns:
        None if there are no class folders with images.

    Raises:
        DataError: The test folder has a class that the train folder lacks.
    """
    halves = find_split_folders(folder)
    if halves:
        names = _class_names(halves[0])
        extra = sorted(set(_class_names(halves[1])) - set(names))
        if extra:
            raise DataError(
                f"{halves[1]} has classes that {halves[0]} has not: {', '.join(extra)}."
            )
        if names:
            return ClassFolders(_list(halves[0], names), _list(halves[1], names), names)
        return None
    names = () if only_with_splits else _class_names(folder)
    if not names:
        return None
    everything = _list(folder, names)
    keys = _keys(folder, everything.paths)
    mask = hashed_test_mask(keys, everything.labels, test_fraction)
    return ClassFolders(_take(everything, ~mask), _take(everything, mask), names)


def find_one_class(folder: Path, *, test_fraction: float) -> ClassFolders | None:
    """List a folder all of whose images, at any depth, are one class.

    ``train`` and ``test`` folders are its splits; otherwise a part is held out by hash.

    Returns:
        None if there is no image.
    """
    halves = find_split_folders(folder)
    if halves:
        train, test = (_one_class(half) for half in halves)
        return ClassFolders(train, test, (folder.name,)) if train.paths else None
    everything = _one_class(folder)
    if not everything.paths:
        return None
    keys = _keys(folder, everything.paths)
    mask = hashed_test_mask(keys, everything.labels, test_fraction)
    return ClassFolders(_take(everything, ~mask), _take(everything, mask), (folder.name,))


def find_split_folders(folder: Path) -> tuple[Path, Path] | None:
    """Return the folders of the train and the test split, if both are there."""
    test = next((folder / n for n in _TEST_NAMES if (folder / n).is_dir()), None)
    train = folder / "train"
    return (train, test) if test and train.is_dir() else None


def image_records(files: ImageFiles) -> Records:
    """List the files of a split for ``decode_records`` or ``decode_mixed``."""

    def blocks() -> Iterator[Block]:
        paths = files.paths
        yield Block(np.arange(len(paths)), paths, lambda i: str(paths[i]))

    return Records(files.labels, blocks)


def first_files(files: ImageFiles, limit: int | None) -> ImageFiles:
    """Return at most ``limit`` files of a split: an unbiased sample, the same everywhere."""
    if limit is None:
        return files
    return ImageFiles(files.paths[:limit], files.labels[:limit])


def _class_names(folder: Path) -> tuple[str, ...]:
    folders = (entry for entry in folder.iterdir() if entry.is_dir() and _visible(entry.name))
    return tuple(sorted(f.name for f in folders if next(_images(f), None) is not None))


def _list(folder: Path, class_names: Sequence[str]) -> ImageFiles:
    paths: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(class_names):
        own = list(_images(folder / name)) if (folder / name).is_dir() else []
        paths += own
        labels += [label] * len(own)
    return _ordered(folder, paths, labels)


def _one_class(folder: Path) -> ImageFiles:
    paths = list(_images(folder))
    return _ordered(folder, paths, [0] * len(paths))


def _ordered(folder: Path, paths: list[Path], labels: list[int]) -> ImageFiles:
    order = hash_order(_keys(folder, paths))
    return ImageFiles(tuple(paths[i] for i in order), np.array(labels, dtype=np.int64)[order])


def _take(files: ImageFiles, mask: np.ndarray) -> ImageFiles:
    chosen = np.flatnonzero(mask)
    return ImageFiles(tuple(files.paths[i] for i in chosen), files.labels[chosen])


def _keys(folder: Path, paths: Sequence[Path]) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


def _images(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if _visible(name)]
        for name in names:
            if _visible(name) and Path(name).suffix.lower() in IMAGE_SUFFIXES:
                yield Path(parent, name)


def _visible(name: str) -> bool:
    return not name.startswith((".", "__MACOSX"))
