"""Data sets in a .npz: as Keras and MedMNIST publish them, or one collection with labels."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from regene_bench_plugins.datasets.npz import Npz

from regene_bench.base.errors import ConfigError, DataError, UsageError
from regene_bench.base.events import Event, Message
from regene_bench.data.load import LoadedDataset, load_dataset
from regene_bench.data.shapes import ImageShape
from regene_bench.data.split_folders import SplitNames
from regene_bench.samples.array_files import read_array_file
from tests.data.builders import cyclic_labels, image_set, pixels, request
from tests.real_formats.format import content
from tests.real_formats.torchvision_sets import write_medmnist

SHAPE = ImageShape(1, 6, 5, 3)
TRAIN, TEST = image_set(12), image_set(6, seed=1)
KERAS = {
    "x_train": TRAIN.images[:, 0],
    "y_train": TRAIN.labels.astype(np.uint8),
    "x_test": TEST.images[:, 0],
    "y_test": TEST.labels.astype(np.uint8),
}
BLOOD = ImageShape(3, 28, 28, 8)


def load(
    folder: Path, shape: ImageShape = SHAPE, told: list[str] | None = None, **options: Any
) -> LoadedDataset:
    def tell(event: Event) -> None:
        if told is not None and isinstance(event, Message):
            told.append(event.text)

    source = Npz(request("npz", shape, folder, options={"path": "set", **options}))
    return load_dataset(source, source_name="npz", progress=tell, decode_again=True)


def write(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "set.npz", **arrays)
    return folder / "set.npz"


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(tmp_path / "cache"))


def test_a_file_goes_by_its_name_with_suffix_or_without_or_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    path = write(tmp_path / "own", **KERAS)
    for asked in ("own/set", "own/set.npz", "own", str(path)):
        found = load(tmp_path, path=asked)
        np.testing.assert_array_equal(found.test.images, TEST.images)
        np.testing.assert_array_equal(found.test.labels, TEST.labels)
        assert found.test.class_names == ("0", "1", "2")


def test_medmnists_own_reader_sees_the_same(tmp_path: Path) -> None:
    medmnist = pytest.importorskip("medmnist")
    made = content(3, 28, 28, list("01234567"), train=16, test=8)
    write_medmnist(tmp_path, made)
    found = load(tmp_path, BLOOD, path="bloodmnist.npz")
    for split, own in (("train", found.train), ("test", found.test)):
        theirs = medmnist.BloodMNIST(split=split, root=str(tmp_path))
        for i, (image, label) in enumerate(zip(own.images, own.labels, strict=True)):
            picture, target = theirs[i]
            np.testing.assert_array_equal(np.asarray(picture).transpose(2, 0, 1), image)
            assert target.tolist() == [label]


def test_images_to_validate_with_are_left_out_with_a_word(tmp_path: Path) -> None:
    write_medmnist(tmp_path, content(3, 28, 28, list("01234567"), train=16, test=8))
    told: list[str] = []
    load(tmp_path, BLOOD, told, path="bloodmnist")
    assert told == ["npz: val_images, the 8 images to validate with, are not read"]


def test_they_stand_in_for_a_test_split(tmp_path: Path) -> None:
    write(
        tmp_path,
        train_images=KERAS["x_train"],
        train_labels=KERAS["y_train"],
        val_images=KERAS["x_test"],
        val_labels=KERAS["y_test"],
    )
    np.testing.assert_array_equal(load(tmp_path).test.images, TEST.images)


def named(folder: Path, **splits: str) -> LoadedDataset:
    asked = replace(
        request("npz", SHAPE, folder, options={"path": "set"}), splits=SplitNames(**splits)
    )
    return load_dataset(Npz(asked), source_name="npz", decode_again=True)


def test_the_protocol_may_name_the_splits(tmp_path: Path) -> None:
    other = image_set(9, seed=2)
    write(tmp_path, **KERAS, x_val=other.images[:, 0], y_val=other.labels)
    found = named(tmp_path, test="validation")
    np.testing.assert_array_equal(found.train.images, TRAIN.images)
    np.testing.assert_array_equal(found.test.images, other.images)
    found = named(tmp_path, train="val", test="test")
    np.testing.assert_array_equal(found.train.images, other.images)
    np.testing.assert_array_equal(found.test.images, TEST.images)


def test_a_name_of_no_split_and_one_without_labels_are_refused(tmp_path: Path) -> None:
    write(tmp_path, **KERAS | {"y_test": np.full(len(TEST.labels), -1)})
    with pytest.raises(DataError, match=re.escape("no split 'val'; it has train, test")):
        named(tmp_path, test="val")
    with pytest.raises(DataError, match="hides its labels"):
        named(tmp_path, train="train", test="test")


def test_a_test_split_with_hidden_labels_is_passed_over_with_a_word(tmp_path: Path) -> None:
    hidden = {**KERAS, "y_test": np.full(6, -1)}
    write(tmp_path, **hidden)
    told: list[str] = []
    found = load(tmp_path, told=told)
    passed_over = "npz: y_test hides its labels and is passed over: "
    assert told == [f"{passed_over}a part of the training images is held out in its place"]
    assert (len(found.train.images), len(found.test.images)) == (9, 3)
    write(tmp_path, **hidden, x_val=KERAS["x_test"], y_val=KERAS["y_test"])
    told.clear()
    np.testing.assert_array_equal(load(tmp_path, told=told).test.images, TEST.images)
    assert told == [f"{passed_over}x_val is held out in its place"]


@pytest.mark.parametrize("images", ["images", "x", "x_train"])
def test_without_a_test_split_a_part_of_each_class_is_held_out(tmp_path: Path, images: str) -> None:
    labels = "y_train" if images == "x_train" else "labels"
    write(tmp_path, **{images: TRAIN.images, labels: TRAIN.labels})
    found = load(tmp_path, test_fraction=0.25)
    assert np.bincount(found.test.labels).tolist() == [1, 1, 1]
    assert np.bincount(found.train.labels).tolist() == [3, 3, 3]
    together = np.concatenate([found.train.images, found.test.images])
    assert sorted(map(bytes, together)) == sorted(map(bytes, TRAIN.images))


def test_colours_may_be_the_last_axis_and_images_are_fitted(tmp_path: Path) -> None:
    colour = pixels(9, channels=3)
    write(tmp_path, images=colour.transpose(0, 2, 3, 1), labels=cyclic_labels(9))
    same = load(tmp_path, ImageShape(3, 6, 5, 3))
    everything = np.concatenate([same.train.images, same.test.images])
    assert sorted(map(bytes, everything)) == sorted(map(bytes, colour))
    smaller = load(tmp_path, ImageShape(1, 4, 4, 3), center_crop=4)
    assert smaller.train.images.shape == (6, 1, 4, 4)


def test_the_protocol_names_the_classes(tmp_path: Path) -> None:
    write(tmp_path, **KERAS)
    names = ["cat", "dog", "owl"]
    found = load(tmp_path, class_names=names)
    assert found.train.class_names == tuple(names)
    np.testing.assert_array_equal(found.train.labels, TRAIN.labels)


def test_a_list_of_classes_in_the_file_is_what_integers_index(tmp_path: Path) -> None:
    names = np.array(["owl", "cat", "dog"])
    write(tmp_path, **KERAS, class_names=names)
    assert load(tmp_path).test.class_names == ("owl", "cat", "dog")
    # the protocol brings them into its own order
    found = load(tmp_path, class_names=["cat", "dog", "owl"])
    expected = [("cat", "dog", "owl").index(names[label]) for label in TEST.labels]
    assert found.test.labels.tolist() == expected


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"images": TRAIN.images, "x": TEST.images, "y": TRAIN.labels}, "holds the images"),
        (
            {"images": TRAIN.images, "y": TRAIN.labels, "label": 1 - TRAIN.labels},
            "label and y differ",
        ),
    ],
)
def test_arrays_that_could_be_meant_twice_are_refused(
    tmp_path: Path, arrays: dict[str, Any], words: str
) -> None:
    write(tmp_path, **arrays)
    with pytest.raises(DataError, match="Which array of") as refused:
        load(tmp_path)
    assert words in refused.value.message
    assert "again" in refused.value.hint


def test_classes_that_are_called_by_other_integers(tmp_path: Path) -> None:
    numbers = np.array([1, 5, 24])
    write(tmp_path, **{**KERAS, "y_train": numbers[TRAIN.labels], "y_test": numbers[TEST.labels]})
    with pytest.raises(DataError, match=r"labels 1, 5, 24; with 3 classes they are 0 to 2") as e:
        load(tmp_path)
    assert "class_names = " in str(e.value.hint)
    found = load(tmp_path, class_names=["1", "5", "24"])
    np.testing.assert_array_equal(found.test.labels, TEST.labels)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({**KERAS, "x_train": KERAS["x_train"] / 255}, "x_train of .* values of type float64"),
        ({**KERAS, "x_train": np.zeros((12, 4, 4, 4), np.uint8)}, "no shape of images"),
        ({**KERAS, "y_train": np.zeros(11, int)}, "has 11 labels for 12 images"),
        ({**KERAS, "y_train": np.zeros(12)}, "values of type float64"),
        ({**KERAS, "y_train": np.eye(3, dtype=int)[TRAIN.labels]}, r"the shape \[12, 3\]"),
        ({**KERAS, "y_train": np.ones((12, 14), int)}, "any number of 14 findings"),
        ({**KERAS, "Train_Images": KERAS["x_train"]}, "x_train and Train_Images: which"),
        ({"x_train": KERAS["x_train"]}, "images, x_train, but no labels"),
        ({**KERAS, "y_test": np.full(6, -1), "x_val": KERAS["x_test"]}, "x_val, but no labels"),
        ({"x_test": KERAS["x_test"], "y_test": KERAS["y_test"]}, "no images to train on"),
        ({"mu": np.zeros(3), "sigma": np.eye(3)}, r"It has mu \[3\], sigma \[3, 3\]"),
        ({**KERAS, "x_train": np.array([None])}, "pickled objects"),
        ({**KERAS, "y_test": KERAS["y_test"] + 1}, "has the labels 1, 2, 3"),
    ],
)
def test_arrays_that_are_no_data_set(
    tmp_path: Path, arrays: dict[str, np.ndarray], problem: str
) -> None:
    path = write(tmp_path, **arrays)
    with pytest.raises(DataError, match=problem) as refused:
        load(tmp_path)
    assert str(path) in refused.value.message
    assert refused.value.hint


def test_a_torn_file(tmp_path: Path) -> None:
    path = write(tmp_path, **KERAS)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=f"Cannot read {re.escape(str(path))}: it is damaged"):
        load(tmp_path)


def test_several_files_in_a_folder(tmp_path: Path) -> None:
    for name in ("pathmnist", "bloodmnist"):
        np.savez(tmp_path / name, **KERAS)
    with pytest.raises(DataError, match=r"several .npz files: bloodmnist.npz, pathmnist.npz") as e:
        load(tmp_path, path=str(tmp_path))
    assert str(tmp_path / "bloodmnist.npz") in str(e.value.hint)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=re.escape(str(tmp_path / "set"))):
        load(tmp_path)
    with pytest.raises(ConfigError, match="path"):
        Npz(request("npz", SHAPE, tmp_path))


# --- as samples -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("split", "images"),
    [("test", "test_images"), ("train", "train_images"), ("validation", "val_images")],
)
def test_samples_are_one_split(tmp_path: Path, split: str, images: str) -> None:
    write_medmnist(tmp_path, content(3, 28, 28, list("01234567"), train=16, test=8))
    path = tmp_path / "bloodmnist.npz"
    found = read_array_file(path, split=split)
    with np.load(path) as file:
        np.testing.assert_array_equal(found.images, file[images])
        np.testing.assert_array_equal(found.labels, file[images.replace("images", "labels")][:, 0])
    assert read_array_file(path, None, split).labels is None


def test_several_splits_are_not_guessed_among(tmp_path: Path) -> None:
    path = write(tmp_path, **KERAS)
    with pytest.raises(DataError, match="several splits of a data set: train, test") as refused:
        read_array_file(path)
    assert str(refused.value.hint).endswith("--split train.")
    with pytest.raises(UsageError, match="no split 'val'; it has train, test"):
        read_array_file(path, split="val")


def test_one_split_needs_no_name(tmp_path: Path) -> None:
    path = write(tmp_path, x_test=KERAS["x_test"], y_test=KERAS["y_test"])
    found = read_array_file(path)
    np.testing.assert_array_equal(found.labels, TEST.labels)


def test_a_collection_has_no_splits(tmp_path: Path) -> None:
    path = write(tmp_path, images=TRAIN.images, labels=TRAIN.labels)
    np.save(tmp_path / "set.npy", TRAIN.images)
    for file in (path, tmp_path / "set.npy"):
        with pytest.raises(UsageError, match="has no splits") as refused:
            read_array_file(file, split="test")
        assert refused.value.hint == "Leave --split out."
    # a generator's images beside the real ones that it was trained on
    path = write(tmp_path, samples=TEST.images, x_train=TRAIN.images)
    np.testing.assert_array_equal(read_array_file(path).images, TEST.images)


def test_several_findings_an_image_are_no_classes(tmp_path: Path) -> None:
    findings = np.zeros((6, 14), dtype=np.uint8)
    path = write(tmp_path, test_images=KERAS["x_test"], test_labels=findings)
    with pytest.raises(DataError, match="any number of 14 findings in each image") as refused:
        read_array_file(path)
    assert "--labels none" in str(refused.value.hint)
    assert len(read_array_file(path, None).images) == 6
