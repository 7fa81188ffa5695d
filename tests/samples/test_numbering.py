"""Integers and names mean the same classes, whatever holds them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from regene_bench_plugins.datasets.folder import Folder

from regene_bench.base.errors import DataError
from regene_bench.data.load import load_dataset
from regene_bench.data.shapes import ImageShape
from regene_bench.data.source import ImageSet
from regene_bench.samples.labelling import labels_of_array
from regene_bench.samples.read import read_samples
from tests.data.builders import (
    cyclic_labels,
    encode,
    pixels,
    request,
    write_class_folders,
    write_parquet,
)
from tests.samples.builders import write_flat

TWELVE = tuple(str(number) for number in range(12))
SHAPE = ImageShape(1, 6, 5, 12)
DATA = ImageSet(pixels(24), cyclic_labels(24, 12), TWELVE)
PNG = [encode(image) for image in DATA.images]


def label_file(place: Path, name: str, text: str) -> tuple[Path, str]:
    (place / name).write_text(text)
    return write_flat(place / "flat", DATA.images), str(place / name)


def in_folders(place: Path) -> tuple[Path, str]:
    write_class_folders(place / "folders", DATA)
    return place / "folders", ""


def in_npz(place: Path, labels: np.ndarray = DATA.labels) -> tuple[Path, str]:
    np.savez(place / "a.npz", images=DATA.images, labels=labels)
    return place / "a.npz", ""


def in_npy(place: Path) -> tuple[Path, str]:
    np.save(place / "labels.npy", DATA.labels)
    return write_flat(place / "flat", DATA.images), str(place / "labels.npy")


def in_txt(place: Path) -> tuple[Path, str]:
    return label_file(place, "labels.txt", "\n".join(map(str, DATA.labels)))


def in_csv(place: Path) -> tuple[Path, str]:
    lines = [f"{i:03}.png,{label}" for i, label in enumerate(DATA.labels)]
    return label_file(place, "labels.csv", "\n".join(lines))


def in_parquet(place: Path) -> tuple[Path, str]:
    write_parquet(place / "a.parquet", PNG, DATA.labels)
    return place / "a.parquet", ""


def in_parquet_strings(place: Path) -> tuple[Path, str]:
    write_parquet(place / "a.parquet", PNG, [str(label) for label in DATA.labels])
    return place / "a.parquet", ""


def in_parquet_list(place: Path) -> tuple[Path, str]:
    """As the Hub's image folders are: the list is in the order of text."""
    names = sorted(TWELVE)
    labels = [names.index(str(label)) for label in DATA.labels]
    write_parquet(place / "a.parquet", PNG, labels, class_names=names)
    return place / "a.parquet", ""


HOLDERS: list[Callable[[Path], tuple[Path, str]]] = [
    in_folders,
    in_npz,
    in_npy,
    in_txt,
    in_csv,
    in_parquet,
    in_parquet_strings,
    in_parquet_list,
]


@pytest.fixture(scope="module", params=["natural order", "order of text"])
def class_names(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """As a folder has them, and as a file's own list may."""
    return TWELVE if request.param == "natural order" else tuple(sorted(TWELVE))


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: holder.__name__)
def test_the_class_two_is_the_same_everywhere(
    tmp_path: Path, holder: Callable[[Path], tuple[Path, str]], class_names: tuple[str, ...]
) -> None:
    path, labels = holder(tmp_path)
    samples = read_samples(path, SHAPE, class_names, labels=labels)
    assert samples.labels is not None
    by_pixels = {image.tobytes(): str(label) for image, label in zip(*_of(DATA), strict=True)}
    found = [class_names[label] for label in samples.labels]
    assert found == [by_pixels[image.tobytes()] for image in samples.images]


@pytest.mark.parametrize("holder", [in_folders, in_npz, in_parquet])
def test_labels_that_are_given_otherwise_are_not_looked_for(
    tmp_path: Path, holder: Callable[[Path], tuple[Path, str]]
) -> None:
    samples = read_samples(holder(tmp_path)[0], SHAPE, ("cat", "dog"), labels=None)
    assert (samples.labels, samples.notes) == (None, ())


def _of(data: ImageSet) -> tuple[np.ndarray, np.ndarray]:
    return data.images, data.labels


def test_a_data_set_of_folders_numbers_them_alike(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "set", DATA)
    loaded = load_dataset(Folder(request("set", SHAPE, tmp_path)), source_name="folder")
    assert loaded.train.class_names == TWELVE
    for split in (loaded.train, loaded.test):
        for image, label in zip(*_of(split), strict=True):
            assert any((image == own).all() for own in DATA.images[DATA.labels == label])


@pytest.mark.parametrize("labels", [np.array([1, 3]), np.array(["1", "3"]), np.array(["01", "03"])])
def test_integers_are_names_where_classes_do_not_begin_at_zero(labels: np.ndarray) -> None:
    assert labels_of_array(labels, ("1", "2", "3"), "a").tolist() == [0, 2]


@pytest.mark.parametrize("labels", [np.array([0, 1]), np.array(["0", "1"])])
def test_places_are_no_integers_where_classes_are_called_by_integers(labels: np.ndarray) -> None:
    with pytest.raises(DataError, match="names, which are integers: 1, 2, 3"):
        labels_of_array(labels, ("1", "2", "3"), "a")


@pytest.mark.parametrize("labels", [np.array([0, 1]), np.array(["0", "1", "2"])])
def test_a_number_that_is_also_another_classes_name_is_refused(labels: np.ndarray) -> None:
    with pytest.raises(DataError, match="name of one class and the number of another, 'dog'"):
        labels_of_array(labels, ("cat", "dog", "1"), "a")


def test_the_hubs_spelling_of_names_is_known(tmp_path: Path) -> None:
    names, hub = ("T-shirt/top", "Ankle boot"), ("Ankle_boot", "T - shirt / top")
    write_parquet(tmp_path / "a.parquet", PNG[:3], [0, 1, 0], class_names=hub)
    samples = read_samples(tmp_path / "a.parquet", ImageShape(1, 6, 5, 2), names)
    assert samples.labels is not None
    assert samples.labels.tolist() == [1, 0, 1]
    words = np.array(["t-shirt top", "ANKLE BOOT"])
    assert labels_of_array(words, names, "a").tolist() == [0, 1]


def test_numbers_of_more_digits_than_a_machine_has_are_no_labels() -> None:
    with pytest.raises(DataError, match="type object"):
        labels_of_array(np.array([0, 1 << 70], dtype=object), ("cat", "dog"), "labels")
