"""Folders that are splits are known by the usual words, and never taken for classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regene_bench.base.errors import DataError
from regene_bench.data.class_folders import find_class_folders, find_one_class
from regene_bench.data.layouts import LayoutOptions, detect_layout
from regene_bench.data.split_folders import role_of

from .builders import GREY, as_picture, pixels, same_images, write_class_folders
from .layout_builders import TEST, TRAIN, found, split_folders

SPELLINGS = [
    ("train", "test"),
    ("Train", "Test"),
    ("TRAIN", "VAL"),
    ("training_set", "test_set"),
    ("Training", "Testing"),
    ("seg_train", "seg_test"),
    ("trainset", "testset"),
    ("train-images", "valid"),
    ("train", "validation"),
    ("Training Data", "Validation Data"),
]


def refused(place: Path) -> str:
    with pytest.raises(DataError) as caught:
        detect_layout(place, LayoutOptions())
    assert caught.value.hint
    return str(caught.value)


@pytest.mark.parametrize(("train", "test"), SPELLINGS)
@pytest.mark.parametrize("inner", [False, True])
def test_splits_are_splits_in_every_spelling(
    tmp_path: Path, train: str, test: str, inner: bool
) -> None:
    write_class_folders(tmp_path / train / (train if inner else ""), TRAIN)
    write_class_folders(tmp_path / test / (test if inner else ""), TEST)
    layout = found(tmp_path)
    assert same_images(layout.read("train", GREY, None), TRAIN)
    assert same_images(layout.read("test", GREY, None), TEST)


@pytest.mark.parametrize("name", ["trains", "train station", "test_1", "contest", "set", "images"])
def test_other_names_are_no_splits(name: str) -> None:
    assert role_of(name) is None


def test_a_class_may_be_called_like_a_split_among_others(tmp_path: Path) -> None:
    for name in ("bus", "train"):
        (tmp_path / name).mkdir()
        for i, image in enumerate(pixels(4)):
            as_picture(image).save(tmp_path / name / f"{i}.png")
    found_here = find_class_folders(tmp_path, test_fraction=0.5)
    assert found_here is not None
    assert found_here.class_names == ("bus", "train")


def test_only_one_split_is_refused_and_the_hint_is_right(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "Train", TRAIN)
    text = refused(tmp_path)
    assert "nothing to test on" in text
    assert f"Name {tmp_path / 'Train'} as the data set" in text
    assert found(tmp_path / "Train").read("train", GREY, None).class_names == TRAIN.class_names


@pytest.mark.parametrize("names", [("val", "test"), ("test",), ("train", "training", "Train_set")])
def test_splits_without_a_pair_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        write_class_folders(tmp_path / name, TRAIN)
    text = refused(tmp_path)
    assert "not one to train on and one to test on" in text
    with pytest.raises(DataError):
        find_one_class(tmp_path, test_fraction=0.1)


def test_folders_called_like_splits_without_images_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "train" / "default").mkdir(parents=True)
    assert detect_layout(tmp_path, LayoutOptions()) is None


def test_two_folders_for_one_split_are_refused(tmp_path: Path) -> None:
    split_folders(tmp_path)
    write_class_folders(tmp_path / "Training", TRAIN)
    assert "Training and train: which of them is meant?" in refused(tmp_path)


def test_a_test_folder_without_labels_gives_way_to_the_validation_folder(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "train", TRAIN)
    (tmp_path / "test").mkdir()
    for i, image in enumerate(pixels(2)):
        as_picture(image).save(tmp_path / "test" / f"{i}.png")
    text = refused(tmp_path)
    assert f"{tmp_path / 'test'} has images, but no class folders" in text
    assert f"name {tmp_path / 'train'} as the data set" in text
    write_class_folders(tmp_path / "val", TEST)
    layout = found(tmp_path)
    assert same_images(layout.read("test", GREY, None), TEST)
    assert layout.notes == (f"{tmp_path / 'test'}: unlabelled images, left out: 2",)


def test_splits_of_one_class_are_splits_in_every_spelling(tmp_path: Path) -> None:
    for name, n in (("Training", 5), ("Testing", 3)):
        (tmp_path / name / "deep").mkdir(parents=True)
        for i, image in enumerate(pixels(n)):
            as_picture(image).save(tmp_path / name / "deep" / f"{i}.png")
    one = find_one_class(tmp_path, test_fraction=0.5)
    assert one is not None
    assert (len(one.train.paths), len(one.test.paths)) == (5, 3)
    assert np.unique(one.train.labels).tolist() == [0]
