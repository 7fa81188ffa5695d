"""What ``npz`` and ``pixel-csv`` share: pixels in a file or two, with classes that are numbered."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from regene_bench.api import DataError, ImageSet, Split
from regene_bench.data.readers import find_folder, what_is_there
from regene_bench_plugins.datasets.class_names import check_numbers
from regene_bench_plugins.datasets.located import ClassNameOptions, Found, LocatedSource


class ArrayOptions(ClassNameOptions):
    """Options of both.

    Attributes:
        path: The file, or the folder of the files; below a data folder or absolute.
        center_crop: Side in pixels of the central square to cut out before resizing.
        test_fraction: Share of each class that is held out where there is no test split.
    """

    path: str = Field(min_length=1)
    center_crop: int | None = Field(default=None, ge=1)
    test_fraction: float = Field(default=0.1, gt=0, lt=1)


class ArraySource(LocatedSource):
    """Looks for a file in the data folders, and holds its labels to the protocol's classes."""

    options: ArrayOptions
    registered_as: ClassVar[str]
    suffix: ClassVar[str]
    remedy: ClassVar[str]

    @abstractmethod
    def find(self, place: Path) -> Found | None:
        """Find the data set in a file or a folder; raises DataError if it is damaged."""

    def locate(self) -> Found:
        """Look for the file or its folder in each data folder."""
        place = find_folder(
            self.options.path,
            self.request.roots,
            lambda place: self.find(place) is not None,
            remedy=self.remedy,
            suffixes=(self.suffix,),
            explain=lambda place: what_is_there(place, self.registered_as),
        )
        found = self.find(place)
        if found is None:
            raise DataError(f"{place} has changed while it was looked at.")
        return found

    def load(self, split: Split) -> ImageSet:
        """Read one split; see ``DatasetSource.load``."""
        data = super().load(split)
        return check_numbers(data, self.request.shape.n_classes, str(next(iter(self.files()))))
