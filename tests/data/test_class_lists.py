"""Classes that files only number are named by the protocol: ``class_names`` in its options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from regene_bench_plugins.datasets.folder import Folder
from regene_bench_plugins.datasets.parquet import ParquetImages

from regene_bench.base.errors import ConfigError, DataError
from regene_bench.data.load import load_dataset
from regene_bench.data.source import DatasetSource, ImageSet
from tests.data.builders import (
    GREY,
    cyclic_labels,
    encode,
    pixels,
    request,
    same_images,
    write_class_folders,
    write_parquet,
)
from tests.stylegan import write_stylegan

NAMES = ["cat", "dog", "owl"]
TRAIN = ImageSet(pixels(12), cyclic_labels(12), tuple(NAMES))
TEST = ImageSet(pixels(6, seed=1), cyclic_labels(6), tuple(NAMES))
SPLITS = {"train": TRAIN, "test": TEST}


def load(source: type[DatasetSource], folder: Path, **options: Any) -> ImageSet:
    made = source(request("set", GREY, folder, options={"path": str(folder), **options}))
    return load_dataset(made, source_name="set", decode_again=True).test


def write_stylegan_sets(folder: Path) -> None:
    for split, data in SPLITS.items():
        write_stylegan(folder / split, data.images, [int(label) for label in data.labels])


def write_parquet_files(folder: Path, shift: int = 0, class_names: list[str] | None = None) -> None:
    for split, data in SPLITS.items():
        encoded = [encode(image) for image in data.images]
        path = folder / f"{split}-00000-of-00001.parquet"
        write_parquet(path, encoded, data.labels + shift, class_names=class_names)


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(tmp_path / "cache"))


def test_integers_of_a_dataset_json(tmp_path: Path) -> None:
    write_stylegan_sets(tmp_path)
    assert load(Folder, tmp_path).class_names == ("0", "1", "2")
    assert same_images(load(Folder, tmp_path, class_names=NAMES), TEST)


def test_integers_of_parquet_files(tmp_path: Path) -> None:
    write_parquet_files(tmp_path)
    assert load(ParquetImages, tmp_path).class_names == ("0", "1", "2")
    assert same_images(load(ParquetImages, tmp_path, class_names=NAMES), TEST)


def test_where_all_names_are_integers_labels_are_these_names(tmp_path: Path) -> None:
    write_parquet_files(tmp_path, shift=1)
    found = load(ParquetImages, tmp_path, class_names=["3", "2", "1"])
    np.testing.assert_array_equal(found.labels, 2 - TEST.labels)
    with pytest.raises(DataError, match="has the label 3, which means none of the classes cat"):
        load(ParquetImages, tmp_path, class_names=NAMES)


def test_folders_called_by_numbers_are_places_in_the_list(tmp_path: Path) -> None:
    for split, data in SPLITS.items():
        write_class_folders(tmp_path / split, ImageSet(data.images, data.labels, ("0", "1", "2")))
    assert same_images(load(Folder, tmp_path, class_names=NAMES), TEST)


def test_files_that_name_their_classes_keep_the_names_and_take_the_order(tmp_path: Path) -> None:
    write_parquet_files(tmp_path, class_names=NAMES)
    found = load(ParquetImages, tmp_path, class_names=["owl", "cat", "dog"])
    assert found.class_names == ("owl", "cat", "dog")
    assert same_images(found, TEST)
    with pytest.raises(DataError, match="Its classes are cat, dog, owl; expected") as refused:
        load(ParquetImages, tmp_path, class_names=["tom", "rex", "eve"])
    assert str(tmp_path) in refused.value.message
    assert "leave class_names out" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (NAMES[:2], "class_names lists 2 classes; the benchmark has 3"),
        ([*NAMES, "emu"], "class_names lists 4 classes; the benchmark has 3"),
        (["cat", "cat", "owl"], "lists 3 classes, 2 of them distinct; the benchmark has 3"),
    ],
)
def test_lists_of_another_length(tmp_path: Path, names: list[str], problem: str) -> None:
    write_parquet_files(tmp_path)
    with pytest.raises(DataError, match=problem):
        load(ParquetImages, tmp_path, class_names=names)


def test_composed_classes_have_names_already(tmp_path: Path) -> None:
    options = {"class_names": NAMES, "classes": [{"name": "a", "path": "a"}]}
    with pytest.raises(ConfigError, match="not both"):
        Folder(request("set", GREY, tmp_path, options=options))
