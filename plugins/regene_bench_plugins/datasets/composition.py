"""One data set out of several: each class from a folder of its own, with its own crop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from regene_bench.api import ImageSet, ImageShape, SourceRequest, Split
from regene_bench.data.readers import (
    DecodeOptions,
    ParquetOptions,
    ProgressFn,
    Records,
    animations_in,
    decode_mixed,
    find_folder,
    find_one_class,
    find_parquet,
    image_records,
    parquet_records,
)


class ClassOptions(BaseModel):
    """One ``[[data.options.classes]]`` table.

    Attributes:
        name: The class's name.
        path: Folder or zip, below a data folder or absolute. All its images, at any depth, are of
            this class; or its Parquet files, whose labels are left alone.
        center_crop: Side in pixels of the central square to cut out before resizing.
        max_train: Train on at most so many images, an unbiased sample that is always the same.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    path: str = Field(min_length=1)
    center_crop: int | None = Field(default=None, ge=1)
    max_train: int | None = Field(default=None, ge=1)


@dataclass(frozen=True)
class Part:
    """One class that was found.

    Attributes:
        files: All its files.
        records: Lists one of its splits.
        notes: What was left out.
        frames_left_out: Says how many frames of one of its splits are not read.
    """

    files: tuple[Path, ...]
    records: Callable[[Split], Records]
    notes: tuple[str, ...] = ()
    frames_left_out: Callable[[Split], tuple[str, ...]] = lambda split: ()


@dataclass(frozen=True)
class Composition:
    """Several classes, in label order."""

    classes: tuple[ClassOptions, ...]
    parts: tuple[Part, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(file for part in self.parts for file in part.files)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(note for part in self.parts for note in part.notes)

    def frames_left_out(self, split: Split) -> tuple[str, ...]:
        return tuple(note for part in self.parts for note in part.frames_left_out(split))

    def read(self, split: Split, shape: ImageShape, progress: ProgressFn | None) -> ImageSet:
        chosen = [
            (part.records(split), DecodeOptions(center_crop=options.center_crop))
            for part, options in zip(self.parts, self.classes, strict=True)
        ]
        images, labels = decode_mixed(chosen, shape, progress)
        return ImageSet(images, labels, tuple(options.name for options in self.classes))


def compose(
    request: SourceRequest,
    classes: Sequence[ClassOptions],
    *,
    test_fraction: float,
    image_column: str | None,
) -> Composition:
    """Find the folder of each class.

    Raises:
        NotFoundError: A folder is nowhere; lists the places.
    """
    parts = [_locate(request, options, test_fraction, image_column) for options in classes]
    return Composition(tuple(classes), tuple(parts))


def _locate(
    request: SourceRequest, options: ClassOptions, test_fraction: float, image_column: str | None
) -> Part:
    found: dict[Path, Part] = {}

    def holds(folder: Path) -> bool:
        part = _parquet_part(folder, options, test_fraction, image_column) or _image_part(
            folder, options, test_fraction
        )
        if part:
            found[folder] = part
        return part is not None

    remedy = (
        f"The class {options.name!r} is made of image files at any depth below that folder, or of "
        "train-*.parquet files in it."
    )
    return found[find_folder(options.path, request.roots, holds, remedy=remedy, zipped=True)]


def _parquet_part(
    folder: Path, options: ClassOptions, test_fraction: float, image_column: str | None
) -> Part | None:
    files = find_parquet(folder) if folder.is_dir() else None
    if files is None:
        return None
    reading = ParquetOptions(
        image_column=image_column,
        test_fraction=test_fraction,
        one_class=True,
        max_train=options.max_train,
    )
    return Part(files.train + files.test, lambda split: parquet_records(files, split, reading)[0])


def _image_part(folder: Path, options: ClassOptions, test_fraction: float) -> Part | None:
    images = find_one_class(folder, test_fraction=test_fraction)
    if images is None:
        return None

    def records(split: Split) -> Records:
        limit = options.max_train if split == "train" else None
        return image_records(images.split(split), limit)

    return Part(
        images.files, records, images.notes, lambda split: animations_in(images.split(split))
    )
