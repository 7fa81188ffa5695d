"""Contracts of data sources: two splits of labelled uint8 images, apart from each other."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from regene_bench.base.errors import DataError, RegeneBenchError
from regene_bench.base.events import Sink, silent
from regene_bench.base.paths import data_roots, download_dir
from regene_bench.data.shapes import Split
from regene_bench.data.source import DatasetSource, ImageSet, SourceRequest
from regene_bench.plan.protocol import DataTable, load_benchmark
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.testing.check import NotApplicable, require
from regene_bench.testing.neighbours import (
    Neighbours,
    find_neighbours,
    labels_mean_the_same_in_both_splits,
    splits_share_no_near_duplicate,
)
from regene_bench.testing.registration import REGISTRATION_CHECKS
from regene_bench.testing.second_process import entry_told, second_process, told

SPLITS: tuple[Split, ...] = ("train", "test")
# published data sets have a few duplicates; a split that leaks has many
_SHARED = 0.01


class DatasetSubject:
    """What the checks of data sources are called with: the source, asked as a benchmark asks it.

    Args:
        entry: The source's registration.
        folder: An empty folder.
        host: The installed plugins.
        emit: Called with progress.
    """

    def __init__(self, entry: Entry, folder: Path, host: PluginHost, emit: Sink) -> None:
        self.entry = entry
        self._host = host

    @cached_property
    def table(self) -> DataTable:
        """The ``[data]`` table of a registered benchmark that uses the source.

        A benchmark of the source's own distribution is preferred.

        Raises:
            NotApplicable: No registered benchmark does.
        """
        entries = self._host.entries("benchmark")
        entries.sort(key=lambda entry: entry.distribution != self.entry.distribution)
        for entry in entries:
            with suppress(RegeneBenchError):
                benchmark = load_benchmark(self._host, entry.qualified_name)
                source, home = benchmark.data.source, benchmark.distribution
                if self._host.find("dataset", source, home=home) == self.entry:
                    return benchmark.data
        raise NotApplicable("no registered benchmark takes its data from here: register one")

    @cached_property
    def source(self) -> DatasetSource:
        """The source, prepared.

        Raises:
            NotApplicable: Its data are not to be had on this machine.
        """
        source = self._new()
        try:
            source.prepare()
        except DataError as error:
            raise NotApplicable(f"its data are not to be had here: {error}") from None
        return source

    @cached_property
    def loaded(self) -> dict[Split, ImageSet]:
        """Both splits, loaded once for all checks."""
        return {split: self.source.load(split) for split in SPLITS}

    @cached_property
    def neighbours(self) -> dict[Split, Neighbours]:
        """The nearest training images of both splits' images, found once for all checks."""
        return find_neighbours(self.loaded)

    def load_anew(self, split: Split) -> ImageSet:
        """Load a split from a source of its own, as another process would."""
        source = self._new()
        source.prepare()
        return source.load(split)

    def _new(self) -> DatasetSource:
        source: type[DatasetSource] = self.entry.load()
        return source(
            SourceRequest(
                name=self.entry.name,
                shape=self.table.shape,
                roots=data_roots(),
                download_dir=download_dir(),
                options=self.table.options,
                splits=self.table.splits,
            )
        )


def both_splits_are_images(subject: DatasetSubject) -> None:
    """``load`` gives uint8 images ``[N, C, H, W]`` of the requested shape and int64 labels ``[N]``
    in [0, K), with K names, the same in both splits.

    Mend: decode to ``self.request.shape``; move channels first; convert with ``astype``.
    """
    shape = subject.table.shape
    size = (shape.channels, shape.height, shape.width)
    for split in SPLITS:
        found = subject.loaded[split]
        images, labels = found.images, found.labels
        require(images.dtype == np.uint8, f"{split} images are {images.dtype}, not uint8")
        own = tuple(images.shape[1:])
        require(images.ndim == 4 and own == size, f"{split} images are {own}, not {size}")
        require(labels.dtype == np.int64, f"{split} labels are {labels.dtype}, not int64")
        require(labels.shape == (len(images),), f"{split} labels have shape {labels.shape}")
        require(len(images) > 0, f"the {split} split is empty")
        within = int(labels.min()) >= 0 and int(labels.max()) < shape.n_classes
        require(within, f"{split} labels go from {labels.min()} to {labels.max()}")
        names = found.class_names
        unique = len(names) == shape.n_classes == len(set(names))
        require(unique, f"{len(set(names))} different class names for {shape.n_classes} classes")
    same = subject.loaded["train"].class_names == subject.loaded["test"].class_names
    require(same, "the two splits have different class names")


def every_class_is_in_both_splits(subject: DatasetSubject) -> None:
    """Every class has images to train on and images to compare with, and not all are equal.

    Mend: split within classes, not the list of all images sorted by class.
    """
    for split in SPLITS:
        found = subject.loaded[split]
        for label, name in enumerate(found.class_names):
            members = found.images[found.labels == label]
            require(len(members) > 0, f"the {split} split has no image of {name!r}")
        require(len(_contents(found)) > 1, f"all images of the {split} split are equal")


def splits_share_no_image(subject: DatasetSubject) -> None:
    """No image that is compared with has been trained on (up to the 1 % of duplicates that
    published data sets have).

    Mend: decide the split once, by a hash of each image's name or by its position.
    """
    train, test = (_contents(subject.loaded[split]) for split in SPLITS)
    shared = len(train & test)
    require(
        shared <= _SHARED * len(test),
        f"{shared} of {len(test)} different test images are training images too",
    )


def loading_twice_gives_the_same(subject: DatasetSubject) -> None:
    """Loaded again, a split is the same to the last pixel, in the same order.

    Mend: sort file names; take a fixed seed for anything that is drawn.
    """
    for split in SPLITS:
        first, again = subject.loaded[split], subject.load_anew(split)
        require(np.array_equal(first.images, again.images), f"{split} images are others")
        require(np.array_equal(first.labels, again.labels), f"{split} labels are others")


def a_second_process_loads_the_same(subject: DatasetSubject) -> None:
    """Loaded by a second Python process, in which hashes of texts and the order of sets are others,
    both splits are the same.

    Mend: iterate over ``sorted(…)`` instead of over a set, and decide splits by a digest of
    ``hashlib``, never by ``hash``, which is another in every process (``PYTHONHASHSEED``).
    """
    there = second_process().do(
        f"{__name__}:digests_of_splits",
        entry=told(subject.entry),
        table=subject.table.model_dump(mode="json"),
    )
    for split, digest in _digests(subject).items():
        require(digest == there[split], f"in a second process the {split} split is another")


def the_files_exist(subject: DatasetSubject) -> None:
    """``files`` names, once prepared, the files that ``load`` reads: the cache of decoded pixels
    is keyed by them.

    Mend: return the paths of both splits; leave ``files`` out if nothing is read from disk.
    """
    files = list(subject.source.files())
    if not files:
        raise NotApplicable("it reads no files")
    missing = [path for path in files if not path.is_file()]
    require(not missing, f"{len(missing)} of {len(files)} are not there: {missing[:1]}")


def digests_of_splits(entry: dict[str, Any], table: dict[str, Any]) -> dict[str, str]:
    """In the second process: what ``_digests`` gives of the source."""
    subject = DatasetSubject(entry_told(entry), Path(), PluginHost(), silent)
    subject.table = DataTable.model_validate(table)
    return _digests(subject)


def _digests(subject: DatasetSubject) -> dict[str, str]:
    """A hash of images, labels and names of each split."""
    found = {}
    for split, images in subject.loaded.items():
        digest = hashlib.sha256(json.dumps(images.class_names).encode())
        digest.update(np.ascontiguousarray(images.images).data)
        digest.update(np.ascontiguousarray(images.labels).data)
        found[str(split)] = digest.hexdigest()
    return found


def _contents(split: ImageSet) -> set[bytes]:
    return {image.tobytes() for image in split.images}


Subject = DatasetSubject
CHECKS = (
    *REGISTRATION_CHECKS,
    both_splits_are_images,
    every_class_is_in_both_splits,
    splits_share_no_image,
    splits_share_no_near_duplicate,
    labels_mean_the_same_in_both_splits,
    loading_twice_gives_the_same,
    a_second_process_loads_the_same,
    the_files_exist,
)
