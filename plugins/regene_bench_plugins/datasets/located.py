"""What all sources that read from a folder share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from regene_bench.api import DatasetSource, ImageSet, ImageShape, SourceRequest, Split
from regene_bench.data.readers import (
    DecodeOptions,
    LayoutKind,
    LayoutOptions,
    ParquetOptions,
    ProgressFn,
)
from regene_bench_plugins.datasets.class_names import name_classes


class Found(Protocol):
    """A data set on this machine: ``readers.Layout``, or a composition of several."""

    @property
    def files(self) -> tuple[Path, ...]: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    def read(self, split: Split, shape: ImageShape, progress: ProgressFn | None) -> ImageSet: ...

    def frames_left_out(self, split: Split) -> tuple[str, ...]: ...


class ColumnOptions(BaseModel):
    """Columns of Parquet files; unknown keys are errors.

    Attributes:
        image_column: Column of the images; ``image`` or ``img`` if not given.
        label_column: Column of the labels; if not given, the first that is there of ``label``,
            ``labels``, ``fine_label``, ``target``, ``targets``, ``cls``, ``y`` and ``class``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    image_column: str | None = Field(default=None, min_length=1)
    label_column: str | None = Field(default=None, min_length=1)


class LayoutChoices(ColumnOptions):
    """What may be said of images whose layout is found out; unknown keys are errors.

    Attributes:
        center_crop: Side in pixels of the central square to cut out before resizing.
        test_fraction: Share of each class that is held out where there is no test split.
        config: Configuration of a data set that comes in several, as on the Hugging Face hub.
    """

    center_crop: int | None = Field(default=None, ge=1)
    test_fraction: float = Field(default=0.1, gt=0, lt=1)
    config: str = ""

    def layouts(self, kinds: tuple[LayoutKind, ...], request: SourceRequest) -> LayoutOptions:
        """Say which layouts to look for, and how to read them."""
        return LayoutOptions(
            decode=DecodeOptions(center_crop=self.center_crop),
            parquet=ParquetOptions(
                self.image_column, self.label_column, self.test_fraction, config=self.config
            ),
            test_fraction=self.test_fraction,
            kinds=kinds,
            splits=request.splits,
        )


class ClassNameOptions(BaseModel):
    """What the classes are called, where files only number them; unknown keys are errors.

    Attributes:
        class_names: Names in label order. Integers in files are places in this list, or its
            members where all names are integers.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    class_names: list[str] | None = Field(default=None, min_length=1)


class LocatedSource(DatasetSource):
    """A source that finds its data once, and decodes from what it found.

    Args:
        request: What a benchmark asks for.
        class_names: Names of the classes, of a protocol.
    """

    def __init__(self, request: SourceRequest, class_names: Sequence[str] | None = None) -> None:
        super().__init__(request)
        self._class_names = class_names
        self._found: Found | None = None
        self._progress: ProgressFn | None = None
        self._frames: dict[Split, tuple[str, ...]] = {}

    @abstractmethod
    def locate(self) -> Found:
        """Find the data set, or fetch it; raises DataError."""

    def prepare(self) -> None:
        """Find the data set, or fetch it; see ``DatasetSource.prepare``."""
        self.found()

    def found(self) -> Found:
        """Return what ``locate`` found, looking on first use."""
        if self._found is None:
            self._found = self.locate()
        return self._found

    def report_to(self, progress: ProgressFn) -> None:
        """Tell ``progress`` how far downloads (bytes) and loads (images) are."""
        self._progress = progress

    def load(self, split: Split) -> ImageSet:
        """Decode one split; see ``DatasetSource.load``."""
        found = self.found()
        shape = self.request.shape
        data = found.read(split, shape, self._progress)
        if self._class_names:
            files = tuple(found.files)
            where = str(files[0] if len(files) == 1 else files[0].parent)
            data = name_classes(data, self._class_names, shape.n_classes, where)
        self._frames[split] = tuple(f"{split}: {note}" for note in found.frames_left_out(split))
        return data

    def files(self) -> Iterable[Path]:
        """The files of both splits."""
        return self.found().files

    def notes(self) -> Sequence[str]:
        """What was left out."""
        return (*self.found().notes, *(note for own in self._frames.values() for note in own))
