"""Data sets that are published once and for all: found on this machine, or downloaded."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from filelock import FileLock

from regene_bench.api import DataError, ImageSet, ImageShape, SourceRequest, Split, validate
from regene_bench.data.readers import (
    Archive,
    Layout,
    LayoutOptions,
    NotFoundError,
    ParquetOptions,
    ProgressFn,
    detect_layout,
    fetch_all,
    find_folder,
)
from regene_bench_plugins.datasets.class_names import align_classes
from regene_bench_plugins.datasets.located import ColumnOptions, Found, LocatedSource


@dataclass(frozen=True)
class Publication:
    """What is known of a published data set.

    Attributes:
        title: Its name in messages.
        page: Where it is described.
        torchvision_name: The folder in which torchvision keeps it.
        class_names: K names, in label order.
        train_counts: Training images of each class: they tell MNIST from Fashion-MNIST, whose
            files have the same names.
        archives: What to download.
    """

    title: str
    page: str
    torchvision_name: str
    class_names: tuple[str, ...]
    train_counts: tuple[int, ...]
    archives: tuple[Archive, ...]


@dataclass(frozen=True)
class PublishedLayout:
    """A layout with its classes in the published order."""

    layout: Layout
    publication: Publication
    by_name: bool

    @property
    def files(self) -> tuple[Path, ...]:
        return self.layout.files

    @property
    def notes(self) -> tuple[str, ...]:
        return self.layout.notes

    def frames_left_out(self, split: Split) -> tuple[str, ...]:
        return self.layout.frames_left_out(split)

    def read(self, split: Split, shape: ImageShape, progress: ProgressFn | None) -> ImageSet:
        try:
            data = align_classes(
                self.layout.read(split, shape, progress), self.publication.class_names
            )
        except DataError as error:
            if str(self.layout.folder) in error.message:
                raise
            raise DataError(f"{self.layout.folder}: {error.message}", hint=error.hint) from error
        if split == "train" and not self.by_name:
            self._check_identity(data)
        return data

    def _check_identity(self, data: ImageSet) -> None:
        counts = np.bincount(data.labels, minlength=len(self.publication.class_names))
        if tuple(counts.tolist()) != self.publication.train_counts:
            raise DataError(
                f"The images in {self.layout.folder} are not {self.publication.title}: the numbers "
                "of images in its classes differ.",
                hint="If you mean a variant of it, put it into a folder of the data set's name.",
            )


class PublishedSource(LocatedSource):
    """Finds a published data set in any usual layout, else downloads it.

    Options: ``image_column`` and ``label_column``, for Parquet with unusual names.
    """

    publication: Publication

    def __init__(self, request: SourceRequest) -> None:
        super().__init__(request)
        options = validate(ColumnOptions, request.options, "[data.options]")
        self._layouts = partial(
            LayoutOptions,
            parquet=ParquetOptions(options.image_column, options.label_column),
            torchvision_name=self.publication.torchvision_name,
        )

    def locate(self) -> Found:
        """Look in ``<root>/<name>`` of each data folder, then in the folders themselves, then
        download."""
        request, title = self.request, self.publication.title
        remedy = (
            f"{title} can be had from {self.publication.page}; its original files, image Parquet "
            "and class folders will all do."
        )
        try:
            folder = find_folder(
                request.name,
                request.roots,
                lambda place: detect_layout(place, self._layouts()) is not None,
                holds_plainly=lambda root: (
                    detect_layout(root, self._layouts(plain_only=True)) is not None
                ),
                remedy=remedy,
                zipped=True,
            )
        except NotFoundError as missing:
            folder = self._download(missing)
        return self._layout(folder)

    def _layout(self, folder: Path) -> PublishedLayout:
        layout = detect_layout(folder, self._layouts())
        if layout is None:
            raise DataError(f"{folder} holds no images in a known layout.")
        return PublishedLayout(layout, self.publication, _is_called(folder, self.request.name))

    def _download(self, missing: NotFoundError) -> Path:
        home = self.request.download_dir
        folder = home / self.request.name
        try:
            home.mkdir(parents=True, exist_ok=True)
            with FileLock(home / f".{self.request.name}.lock"):
                # another process may have fetched it while this one waited
                if not (folder.is_dir() and detect_layout(folder, self._layouts())):
                    download(self.publication.archives, folder, self._progress)
        except (DataError, OSError, tarfile.TarError) as error:
            reason = error.message if isinstance(error, DataError) else str(error)
            raise DataError(f"{missing.message}\n{reason}", hint=missing.hint) from error
        return folder


def _is_called(folder: Path, name: str) -> bool:
    return folder.name in (name, f"{name}.zip")


def download(
    archives: tuple[Archive, ...], folder: Path, progress: Callable[[int, int], None] | None
) -> None:
    """Fetch, verify and unpack archives; ``folder`` appears only when it is complete.

    Files that an interrupted call had verified are not fetched again.

    Raises:
        DataError: A file cannot be fetched.
        OSError: The folder cannot be written.
    """
    part = folder.with_name(f".{folder.name}.part")
    for path in fetch_all(archives, part, progress):
        if path.name.endswith(".tar.gz"):
            with tarfile.open(path) as tar:
                # "data" refuses links and paths that lead out of the folder
                tar.extractall(part, filter="data")
            path.unlink()
    part.rename(folder)
