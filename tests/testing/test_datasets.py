"""A source that keeps its contracts passes; each fault is found by the check that is for it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regene_bench.api import DataError, DatasetSource, ImageSet, Split
from regene_bench.plan.protocol import DataTable
from regene_bench.testing import checks_for

from .subjects import UNREGISTERED, result_of, results_of, subject_of

N = 200
TABLE = DataTable(source="tests", channels=1, height=4, width=4, classes=2)


class Good(DatasetSource):
    """Noise in two classes, of which one is brighter on the left."""

    def prepare(self) -> None:
        pass

    def load(self, split: Split) -> ImageSet:
        rng = np.random.default_rng(0 if split == "train" else 1)
        images = rng.integers(0, 128, (N, 1, 4, 4), dtype=np.uint8)
        labels = rng.permutation(np.arange(N, dtype=np.int64) % 2)
        images[labels == 0, :, :, :2] += 100
        return ImageSet(images, labels, ("left", "even"))


class Brightened(Good):
    """Tests on what it trains on, a little brighter."""

    found_by = "splits-share-no-near-duplicate"

    def load(self, split: Split) -> ImageSet:
        found = super().load("train")
        return found if split == "train" else replace(found, images=found.images + np.uint8(2))


class ClassesMoved(Good):
    """Counts the classes of its test split from 1."""

    found_by = "labels-mean-the-same-in-both-splits"

    def load(self, split: Split) -> ImageSet:
        found = super().load(split)
        return found if split == "train" else replace(found, labels=(found.labels + 1) % 2)


class ImagesMoved(Good):
    """Gives every test image the label of the one before it."""

    found_by = "labels-mean-the-same-in-both-splits"

    def load(self, split: Split) -> ImageSet:
        found = super().load(split)
        return found if split == "train" else replace(found, labels=np.roll(found.labels, 1))


class HashOrdered(Good):
    """Has its images in the order of a set."""

    found_by = "a-second-process-loads-the-same"

    def load(self, split: Split) -> ImageSet:
        found = super().load(split)
        order = [int(name) for name in {str(place) for place in range(N)}]
        return replace(found, images=found.images[order], labels=found.labels[order])


class Unlabelled(Good):
    """Has labels that no pixel tells of."""

    def load(self, split: Split) -> ImageSet:
        found = super().load(split)
        rng = np.random.default_rng(2)
        return replace(found, labels=rng.permutation(found.labels))


class Floats(Good):
    """Gives floats."""

    found_by = "both-splits-are-images"

    def load(self, split: Split) -> ImageSet:
        found = super().load(split)
        return replace(found, images=found.images / 255)


class ChannelsLast(Good):
    """Leaves the channels where a picture file has them."""

    found_by = "both-splits-are-images"

    def load(self, split: Split) -> ImageSet:
        found = super().load(split)
        return replace(found, images=np.moveaxis(found.images, 1, -1))


class OneName(Good):
    """Calls both classes the same."""

    found_by = "both-splits-are-images"

    def load(self, split: Split) -> ImageSet:
        return replace(super().load(split), class_names=("it", "it"))


class MissingClass(Good):
    """Tests on one class only."""

    found_by = "every-class-is-in-both-splits"

    def load(self, split: Split) -> ImageSet:
        found = super().load(split)
        return found if split == "train" else replace(found, labels=np.zeros(N, dtype=np.int64))


class Leaky(Good):
    """Tests on what it trains on."""

    found_by = "splits-share-no-image"

    def load(self, split: Split) -> ImageSet:
        return super().load("train")


class Shuffled(Good):
    """Comes in another order every time."""

    found_by = "loading-twice-gives-the-same"
    _count = itertools.count()

    def load(self, split: Split) -> ImageSet:
        found = super().load(split)
        order = np.roll(np.arange(N), next(self._count))
        return replace(found, images=found.images[order], labels=found.labels[order])


class Absent(Good):
    """Names a file that is not there."""

    found_by = "the-files-exist"

    def files(self) -> Iterable[Path]:
        return [Path("/nowhere/at/all.bin")]


class Undescribed(Good):
    found_by = "is-described"


class NotHere(Good):
    """Is not on this machine."""

    def prepare(self) -> None:
        raise DataError("it is nowhere", hint="get it")


FAULTY = (
    Floats, ChannelsLast, OneName, MissingClass, Leaky, Shuffled, Absent, Undescribed,
    Brightened, ClassesMoved, ImagesMoved, HashOrdered,
)  # fmt: skip


def subject(source: type, folder: Path) -> Any:
    found = subject_of("dataset", source, folder)
    found.table = TABLE
    return found


def test_a_good_source_passes_everything(tmp_path: Path) -> None:
    results = results_of("dataset", subject(Good, tmp_path))
    assert {n: r.found for n, r in results.items() if r.status == "failed"} == {}
    assert [n for n, r in results.items() if r.status == "skipped"] == ["the-files-exist"]


@pytest.mark.parametrize("source", FAULTY, ids=lambda source: source.__name__)
def test_a_fault_is_found(source: Any, tmp_path: Path) -> None:
    results = results_of("dataset", subject(source, tmp_path))
    failed = {name: result.found for name, result in results.items() if result.status == "failed"}
    assert set(failed) == {source.found_by, *getattr(source, "and_by", ())}, failed


def test_there_is_a_fault_for_every_check() -> None:
    names = {check.name for check in checks_for("dataset")}
    assert {source.found_by for source in FAULTY} == names - UNREGISTERED


def test_data_that_are_not_here_are_skipped_with_the_remedy(tmp_path: Path) -> None:
    result = result_of("dataset", "both-splits-are-images", subject(NotHere, tmp_path))
    assert result.status == "skipped"
    assert "get it" in result.found


def test_a_source_without_a_benchmark_is_told_to_register_one(tmp_path: Path) -> None:
    lonely = subject_of("dataset", Good, tmp_path)
    result = result_of("dataset", "both-splits-are-images", lonely)
    assert (result.status, "register one" in result.found) == ("skipped", True)


def test_what_no_pixel_tells_is_said_to_be_undecided(tmp_path: Path) -> None:
    name = "labels-mean-the-same-in-both-splits"
    result = result_of("dataset", name, subject(Unlabelled, tmp_path))
    assert result.status == "skipped"
    assert "pixels say nothing of the labels" in result.found
