"""Data sets are decoded once; a cache entry that does not verify is rebuilt and never used."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from regene_bench.base.errors import DataError
from regene_bench.base.events import Event, Message, Progress
from regene_bench.data.fingerprint import fingerprint
from regene_bench.data.load import LoadedDataset, load_dataset
from regene_bench.data.shapes import ImageShape, Split
from regene_bench.data.source import DatasetSource, ImageSet

from .builders import GREY, image_set, request


class Counting(DatasetSource):
    """Serves prepared splits and counts the calls."""

    def __init__(
        self, file: Path | None, train: ImageSet, test: ImageSet, shape: ImageShape = GREY
    ) -> None:
        super().__init__(request("set", shape))
        self.file, self.splits = file, {"train": train, "test": test}
        self.prepared = self.loaded = 0

    def prepare(self) -> None:
        self.prepared += 1

    def load(self, split: Split) -> ImageSet:
        self.loaded += 1
        return self.splits[split]

    def files(self) -> Iterable[Path]:
        return [self.file] if self.file else []


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(folder))
    return folder / "decoded"


@pytest.fixture
def source(tmp_path: Path) -> Counting:
    file = tmp_path / "images.bin"
    file.write_bytes(b"1")
    return Counting(file, image_set(9), image_set(6, seed=1))


def load(source: DatasetSource, name: str = "counting") -> LoadedDataset:
    return load_dataset(source, source_name=name)


def entry(cache: Path) -> Path:
    (folder,) = cache.iterdir()
    return folder


def test_the_second_load_comes_from_the_cache(cache: Path, source: Counting) -> None:
    first, second = load(source), load(source)
    assert (source.prepared, source.loaded) == (2, 2)
    assert first.fingerprint == second.fingerprint == fingerprint(first.train, first.test)
    for split in ("train", "test"):
        one, other = getattr(first, split), getattr(second, split)
        np.testing.assert_array_equal(one.images, other.images)
        np.testing.assert_array_equal(one.labels, other.labels)
        assert one.class_names == other.class_names
    assert second.train.images.dtype == np.uint8
    assert second.train.labels.dtype == np.int64


def test_cached_images_are_mapped_and_writing_to_them_leaves_the_file_alone(
    cache: Path, source: Counting
) -> None:
    load(source)
    mapped = load(source).train.images
    assert isinstance(mapped, np.memmap)
    mapped[:] = 0
    assert load(source).train.images.max() > 0
    assert source.loaded == 2


@pytest.mark.parametrize("what", ["size", "time"])
def test_a_file_that_changed_is_decoded_again(cache: Path, source: Counting, what: str) -> None:
    load(source)
    assert source.file is not None
    if what == "size":
        source.file.write_bytes(b"22")
    else:
        os.utime(source.file, ns=(1, 1))
    load(source)
    assert source.loaded == 4


def test_a_file_that_was_changed_in_place_is_decoded_again_where_that_is_asked_for(
    cache: Path, source: Counting
) -> None:
    """Its name, size and time are what they were: nothing short of reading it tells."""
    load(source)
    source.splits["test"] = image_set(6, seed=2)
    assert load(source).test.images[0, 0, 0, 0] == image_set(6, seed=1).images[0, 0, 0, 0]
    again = load_dataset(source, source_name="counting", decode_again=True)
    np.testing.assert_array_equal(again.test.images, image_set(6, seed=2).images)
    assert load(source).fingerprint == again.fingerprint
    assert source.loaded == 4


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs")
def test_what_is_no_file_is_named_and_not_opened(cache: Path, source: Counting) -> None:
    assert source.file is not None
    source.file.unlink()
    os.mkfifo(source.file)
    with pytest.raises(DataError, match=r"images\.bin is a FIFO") as caught:
        load(source)
    assert caught.value.hint
    assert source.loaded == 0


def test_another_request_or_source_is_another_entry(cache: Path, source: Counting) -> None:
    load(source)
    load(source, "other")
    source.request = request("set", GREY, options={"center_crop": 4})
    load(source)
    assert source.loaded == 6
    assert len(list(cache.iterdir())) == 3


@pytest.mark.parametrize(
    "damage", ["pixel", "label", "header", "truncated", "missing", "meta", "empty"]
)
def test_a_bad_entry_is_rebuilt_and_not_used(cache: Path, source: Counting, damage: str) -> None:
    good = load(source)
    folder = entry(cache)
    images = folder / "train_images.npy"
    content = bytearray(images.read_bytes())
    if damage == "pixel":
        content[-1] ^= 1
        images.write_bytes(bytes(content))
    elif damage == "label":
        labels = np.load(folder / "test_labels.npy")
        labels[0] = 2
        np.save(folder / "test_labels.npy", labels)
    elif damage == "header":
        content[content.index(b"}")] = ord("|")  # NumPy's own parser raises TokenError
        images.write_bytes(bytes(content))
    elif damage == "truncated":
        images.write_bytes(bytes(content[:-1]))
    elif damage == "missing":
        images.unlink()
    elif damage == "meta":
        (folder / "meta.json").write_text("{")
    else:
        for file in folder.iterdir():
            file.unlink()
    again = load(source)
    assert source.loaded == 4
    assert again.fingerprint == good.fingerprint
    load(source)
    assert source.loaded == 4
    assert list(cache.iterdir()) == [folder]


def test_a_source_without_files_is_not_cached(cache: Path) -> None:
    source = Counting(None, image_set(9), image_set(6))
    load(source)
    load(source)
    assert source.loaded == 4
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_is_no_error(cache: Path, source: Counting) -> None:
    cache.parent.write_text("a file where the folder should be")
    assert len(load(source).train.images) == 9


def test_what_a_killed_process_left_is_swept_up(cache: Path, source: Counting) -> None:
    old, young = cache / ".key.old.tmp", cache / ".key.young.tmp"
    for part in (old, young):
        part.mkdir(parents=True)
    os.utime(old, (0, 0))
    load(source)
    assert not old.exists()
    assert young.exists()


def test_a_file_that_vanished_is_named(cache: Path, source: Counting) -> None:
    assert source.file is not None
    source.file.unlink()
    with pytest.raises(DataError, match=r"images\.bin"):
        load(source)


def test_progress_is_told_by_sources_that_can(cache: Path, source: Counting) -> None:
    class Telling(Counting):
        def report_to(self, progress: object) -> None:
            self.tell = progress

        def load(self, split: Split) -> ImageSet:
            self.tell(3, 9)  # type: ignore[operator]
            return super().load(split)

    events: list[Event] = []
    telling = Telling(source.file, source.splits["train"], source.splits["test"])
    load_dataset(telling, source_name="telling", progress=events.append)
    assert events == [Progress("set: decode train", 3, 9), Progress("set: decode test", 3, 9)]


def broken(**changes: object) -> ImageSet:
    data = image_set(6)
    parts = {"images": data.images, "labels": data.labels, "class_names": data.class_names}
    return ImageSet(**(parts | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (broken(images=image_set(6).images.astype(np.float32)), "float32, not uint8"),
        (broken(images=np.zeros((6, 1, 8, 8), np.uint8)), r"\[6, 1, 8, 8\], not \[N, 1, 6, 5\]"),
        (broken(images=np.zeros((6, 6, 5), np.uint8)), r"shape \[6, 6, 5\]"),
        (broken(images=np.zeros((0, 1, 6, 5), np.uint8), labels=np.zeros(0, np.int64)), "no im"),
        (broken(labels=image_set(6).labels.astype(np.int32)), "int32, not int64"),
        (broken(labels=np.zeros(5, np.int64)), r"shape \[5\] for 6 images"),
        (broken(labels=np.full(6, 3)), r"from 3 to 3, outside 0\.\.2"),
        (broken(labels=np.full(6, -1)), r"from -1 to -1, outside 0\.\.2"),
        (broken(class_names=("a", "b")), r"2 classes \(a, b\), but the benchmark says 3"),
        (broken(class_names=("a", "b", "a")), "two classes alike"),
    ],
)
def test_a_source_that_breaks_its_contract_is_told_how(
    cache: Path, bad: ImageSet, message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        load(Counting(None, image_set(9), bad))
    assert "test split of the source 'counting'" in caught.value.message


def test_both_splits_name_their_classes_alike(cache: Path) -> None:
    with pytest.raises(DataError, match="differently"):
        load(Counting(None, image_set(9), broken(class_names=("x", "y", "z"))))


@pytest.mark.parametrize(
    ("names", "warned"),
    [
        (("0", "1", "10", "11", "2"), False),  # 10 and 11 are no places
        (("0", "2", "1"), True),
        (("00", "02", "01"), True),
        (("0", "1", "2"), False),
        (("1", "3", "2"), False),  # 0 would be refused
        (("a", "c", "b"), False),
    ],
)
def test_integers_that_may_be_names_or_places_are_told_of(
    cache: Path, tmp_path: Path, names: tuple[str, ...], warned: bool
) -> None:
    file = tmp_path / "images.bin"
    file.write_bytes(b"1")
    splits = [replace(image_set(n, classes=len(names)), class_names=names) for n in (10, 5)]
    source = Counting(file, *splits, shape=replace(GREY, n_classes=len(names)))
    told: list[Event] = []
    for _ in range(2):  # decoded, and from the cache
        load_dataset(source, source_name="counting", progress=told.append)
    assert source.loaded == 2
    texts = [event.text for event in told if isinstance(event, Message)]
    assert len(texts) == 2 * warned
    assert all(f"stand in another order ({', '.join(names)})" in text for text in texts)


def test_the_order_of_text_of_twelve_integers_is_told_of(tmp_path: Path) -> None:
    names = tuple(sorted(map(str, range(12))))  # as datasets numbers integers
    splits = [replace(image_set(n, classes=12), class_names=names) for n in (24, 12)]
    source = Counting(None, *splits, shape=replace(GREY, n_classes=12))
    told: list[Event] = []
    load_dataset(source, source_name="counting", progress=told.append)
    (text,) = [event.text for event in told if isinstance(event, Message)]
    assert "(0, 1, 10, 11, 2, …)" in text
