"""Finds out in which of the usual layouts a folder holds a data set, and reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.cifar_batches import (
    CIFAR_FOLDER,
    check_cifar_batches,
    find_cifar_batches,
    read_cifar_batches,
)
from regene_bench.data.class_folders import ClassFolders, find_class_folders
from regene_bench.data.decode import DecodeOptions, ProgressFn, fit_images
from regene_bench.data.idx import IdxFiles, find_idx, read_idx_split
from regene_bench.data.json_labelled import JsonLabelled, find_json_labelled
from regene_bench.data.parquet_files import ParquetFiles, ParquetOptions, find_parquet
from regene_bench.data.parquet_images import parquet_records
from regene_bench.data.records import decode_records
from regene_bench.data.shapes import ImageShape, Split
from regene_bench.data.source import ImageSet
from regene_bench.data.split_files import animations_in, image_records
from regene_bench.data.split_folders import USUAL_SPLITS, SplitNames

LayoutKind = Literal["idx", "cifar-batches", "parquet", "dataset-json", "class-folders"]
LAYOUT_KINDS: tuple[LayoutKind, ...] = (
    "cifar-batches",
    "idx",
    "parquet",
    "dataset-json",
    "class-folders",
)
_ZIPPED: tuple[LayoutKind, ...] = ("dataset-json", "class-folders")
_PARQUET = ".parquet"
Reader = Callable[[Split, ImageShape, "ProgressFn | None"], ImageSet]


@dataclass(frozen=True)
class LayoutOptions:
    """What the user may say about a data set's layout.

    Attributes:
        decode: Crop before resizing.
        parquet: Columns and split of Parquet files.
        test_fraction: Share that is held out of class folders without a test folder.
        torchvision_name: Folder that torchvision gives the data set (``"MNIST"``), if it has one.
        kinds: Layouts to look for, in this order.
        splits: Names of the splits, where the user gives some; idx files and CIFAR's batches have
            none.
        plain_only: Take only what cannot be mistaken: no bare ``<class>/*`` folders.
    """

    decode: DecodeOptions = field(default_factory=DecodeOptions)
    parquet: ParquetOptions = field(default_factory=ParquetOptions)
    test_fraction: float = 0.1
    torchvision_name: str | None = None
    kinds: tuple[LayoutKind, ...] = LAYOUT_KINDS
    splits: SplitNames = USUAL_SPLITS
    plain_only: bool = False


@dataclass(frozen=True)
class Layout:
    """A data set that was found.

    Attributes:
        kind: Name of the layout.
        folder: Folder that was asked.
        files: All files that ``read`` reads.
        read: Decodes one split to a shape: uint8 ``[N, C, H, W]``, int64 labels and class names
            (``"0"``, ``"1"``, … where the layout names none). Raises DataError naming a file that
            is corrupt.
        notes: What was left out of it.
        frames_left_out: Says of one split how many frames of animations are not read; it opens
            files, so it is asked only where they are decoded.
    """

    kind: LayoutKind
    folder: Path
    files: tuple[Path, ...]
    read: Reader
    notes: tuple[str, ...] = ()
    frames_left_out: Callable[[Split], tuple[str, ...]] = lambda split: ()


def detect_layout(folder: Path, options: LayoutOptions) -> Layout | None:
    """Find a data set in a folder, in a zip of one, or in a Parquet file.

    Layouts: torchvision's (``MNIST/raw``, ``FashionMNIST/raw``, ``cifar-10-batches-py``), idx
    files (``*-ubyte``, ``*-ubyte.gz``), Hugging Face image Parquet (``train-*.parquet``) and
    folders of ``datasets.save_to_disk``, images
    with labels in ``dataset.json`` as StyleGAN and EDM keep them, and class folders
    (``train/<class>/*`` with ``test/<class>/*``, or ``<class>/*``). The last two may be zipped.
    Of a single Parquet file a part is held out.

    Args:
        folder: An existing folder, a ``.zip`` or a ``.parquet``.
        options: What the user says about it.

    Returns:
        None if it holds none of them.

    Raises:
        DataError: It holds a part of one, or pickles that are not the official ones.
    """
    kinds = options.kinds
    if not folder.is_dir():
        in_files = ("parquet",) if folder.suffix.lower() == _PARQUET else _ZIPPED
        kinds = tuple(kind for kind in kinds if kind in in_files)
    for kind in kinds:
        layout = _DETECTORS[kind](folder, options)
        if layout:
            return layout
    return None


def _detect_idx(folder: Path, options: LayoutOptions) -> Layout | None:
    name = options.torchvision_name
    places = [folder / name / "raw", folder / "raw", folder] if name else [folder]
    found = next((files for place in places if (files := find_idx(place))), None)
    if found is None:
        return None
    paths = tuple(path for pair in found.files.values() for path in pair)
    return Layout("idx", folder, paths, _idx_reader(found, options))


def _idx_reader(files: IdxFiles, options: LayoutOptions) -> Reader:
    def read(split: Split, shape: ImageShape, progress: ProgressFn | None) -> ImageSet:
        images, labels = read_idx_split(files, split)
        return ImageSet(fit_images(images, shape, options.decode), labels, _numbers(shape))

    return read


def _detect_cifar(folder: Path, options: LayoutOptions) -> Layout | None:
    if options.torchvision_name != CIFAR_FOLDER:
        return None
    files = find_cifar_batches(folder)
    if not files:
        return None
    check_cifar_batches(files)
    return Layout("cifar-batches", folder, files, _cifar_reader(files, options))


def _cifar_reader(files: tuple[Path, ...], options: LayoutOptions) -> Reader:
    def read(split: Split, shape: ImageShape, progress: ProgressFn | None) -> ImageSet:
        images, labels, names = read_cifar_batches(files, split)
        return ImageSet(fit_images(images, shape, options.decode), labels, names)

    return read


def _detect_parquet(folder: Path, options: LayoutOptions) -> Layout | None:
    files = find_parquet(folder, options.parquet, options.splits, quiet=options.plain_only)
    if files is None:
        return None
    reader = _parquet_reader(files, options)
    return Layout("parquet", folder, files.train + files.test, reader, files.notes)


def _parquet_reader(files: ParquetFiles, options: LayoutOptions) -> Reader:
    def read(split: Split, shape: ImageShape, progress: ProgressFn | None) -> ImageSet:
        records, names = parquet_records(files, split, options.parquet)
        _check_classes(records.labels, split, files)
        images = decode_records(records, shape, options.decode, progress)
        return ImageSet(images, records.labels, names or _numbers(shape))

    return read


def _check_classes(labels: np.ndarray, split: Split, files: ParquetFiles) -> None:
    n = int((labels == -1).sum())
    if n:
        raise DataError(
            f"{n} of {len(labels)} images of the {split} split in {files.train[0].parent} are of "
            "no class (-1).",
            hint="Leave them out before the data set is saved: "
            'dataset.filter(lambda row: row["label"] >= 0).',
        )


def _detect_class_folders(folder: Path, options: LayoutOptions) -> Layout | None:
    found = find_class_folders(
        folder,
        test_fraction=options.test_fraction,
        only_with_splits=options.plain_only,
        wanted=options.splits,
    )
    if found is None:
        return None
    reader = _class_folder_reader(found, options)
    return Layout("class-folders", folder, found.files, reader, found.notes, _frames(found))


def _class_folder_reader(found: ClassFolders, options: LayoutOptions) -> Reader:
    def read(split: Split, shape: ImageShape, progress: ProgressFn | None) -> ImageSet:
        records = image_records(found.split(split))
        images = decode_records(records, shape, options.decode, progress)
        return ImageSet(images, records.labels, found.class_names)

    return read


def _detect_dataset_json(folder: Path, options: LayoutOptions) -> Layout | None:
    found = find_json_labelled(
        folder,
        test_fraction=options.test_fraction,
        only_with_splits=options.plain_only,
        wanted=options.splits,
        label_column=options.parquet.label_column,
    )
    if found is None:
        return None
    reader = _dataset_json_reader(found, options)
    return Layout("dataset-json", folder, found.files, reader, found.notes, _frames(found))


def _dataset_json_reader(found: JsonLabelled, options: LayoutOptions) -> Reader:
    def read(split: Split, shape: ImageShape, progress: ProgressFn | None) -> ImageSet:
        found.check(shape.n_classes)
        records = image_records(found.split(split))
        images = decode_records(records, shape, options.decode, progress)
        return ImageSet(images, records.labels, found.class_names or _numbers(shape))

    return read


def _frames(found: ClassFolders | JsonLabelled) -> Callable[[Split], tuple[str, ...]]:
    return lambda split: animations_in(found.split(split))


def _numbers(shape: ImageShape) -> tuple[str, ...]:
    return tuple(str(i) for i in range(shape.n_classes))


_DETECTORS: dict[LayoutKind, Callable[[Path, LayoutOptions], Layout | None]] = {
    "cifar-batches": _detect_cifar,
    "idx": _detect_idx,
    "parquet": _detect_parquet,
    "dataset-json": _detect_dataset_json,
    "class-folders": _detect_class_folders,
}
