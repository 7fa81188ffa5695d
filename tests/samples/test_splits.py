"""One of several splits is scored by its name, and images of a column by the column's."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regene_bench.base.errors import RegeneBenchError, UsageError
from regene_bench.samples.read import read_samples
from regene_bench.samples.score import score
from tests.data.builders import GREY, as_picture, encode, pixels, write_parquet

NAMES = ("cat", "dog", "owl")
TRAIN, TEST = pixels(3, seed=1), pixels(3, seed=2)


def write_folders(folder: Path, names: tuple[str, str]) -> Path:
    for split, images in zip(names, (TRAIN, TEST), strict=True):
        for name, image in zip(NAMES, images, strict=True):
            (folder / split / name).mkdir(parents=True)
            as_picture(image).save(folder / split / name / "0.png")
    return folder


def write_zip(folder: Path, names: tuple[str, str]) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for split, images in zip(names, (TRAIN, TEST), strict=True):
            for name, image in zip(NAMES, images, strict=True):
                archive.writestr(f"set/{split}/{name}/0.png", encode(image))
    return folder / "a.zip"


def write_tables(folder: Path, names: tuple[str, str]) -> Path:
    for split, images in zip(names, (TRAIN, TEST), strict=True):
        for i in range(3):
            path = folder / f"{split}-0000{i}-of-00003.parquet"
            write_parquet(path, [encode(images[i])], [NAMES[i]])
    return folder


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(UsageError) as caught:
        read_samples(path, GREY, NAMES, **options)
    return str(caught.value)


@pytest.mark.parametrize("write", [write_folders, write_zip, write_tables])
@pytest.mark.parametrize(
    ("names", "asked"),
    [
        (("train", "test"), "test"),
        (("Training", "test_set"), "test"),
        (("train", "val"), "validation"),
        (("train", "validation"), "VALIDATION"),
    ],
)
def test_a_split_is_found_by_its_name_or_by_another_of_its_names(
    tmp_path: Path, write: Any, names: tuple[str, str], asked: str
) -> None:
    samples = read_samples(write(tmp_path, names), GREY, NAMES, split=asked)
    np.testing.assert_array_equal(samples.images, TEST)
    assert samples.labels is not None
    assert samples.labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize("write", [write_folders, write_zip, write_tables])
def test_a_split_that_is_not_there_lists_those_that_are(tmp_path: Path, write: Any) -> None:
    place = write(tmp_path, ("train", "test"))
    text = refused(place, split="validation")
    assert "has no split 'validation'" in text
    assert "test, train" in text


def test_without_a_name_the_refusal_says_how_to_give_one(tmp_path: Path) -> None:
    for write in (write_folders, write_tables):
        folder = tmp_path / write.__name__
        folder.mkdir()
        with pytest.raises(RegeneBenchError, match=r"--split (test|train)\.$"):
            read_samples(write(folder, ("train", "test")), GREY, NAMES)


def test_what_has_no_splits_says_so(tmp_path: Path) -> None:
    classes = write_folders(tmp_path / "set", ("train", "test")) / "test"
    assert "its folders are classes" in refused(classes, split="cat")
    assert "has no splits" in refused(classes / "cat", split="test")
    np.save(tmp_path / "a.npy", TEST)
    assert "has no splits" in refused(tmp_path / "a.npy", split="test")
    write_parquet(tmp_path / "test.parquet", [encode(TEST[0])], [0])
    assert "it is one file" in refused(tmp_path / "test.parquet", split="test")
    with pytest.raises(UsageError, match=r"split='test' was given, but the samples are no file"):
        score(TEST, "digits", split="test")


def test_the_column_of_images_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(path, [encode(image) for image in TEST], [2, 0, 1], image_column="picture")
    with pytest.raises(RegeneBenchError, match=r"columns are picture, label.*\n.*--image-column"):
        read_samples(path, GREY, NAMES)
    samples = read_samples(path, GREY, NAMES, image_column="picture")
    np.testing.assert_array_equal(samples.images, TEST)
    assert samples.labels is not None
    assert samples.labels.tolist() == [2, 0, 1]
    with pytest.raises(RegeneBenchError, match="Did you mean 'picture'"):
        read_samples(path, GREY, NAMES, image_column="pictures")


def test_what_has_no_columns_says_so(tmp_path: Path) -> None:
    folder = write_folders(tmp_path / "set", ("train", "test")) / "test"
    assert "has no columns" in refused(folder, image_column="picture")
    np.save(tmp_path / "a.npy", TEST)
    assert "has no columns" in refused(tmp_path / "a.npy", image_column="picture")
    with pytest.raises(UsageError, match="image_column='x' was given"):
        score(TEST, "digits", image_column="x")
