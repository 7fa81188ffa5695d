"""Data sets and samples in CSV files with a column a pixel, as Kaggle hands them out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from regene_bench_plugins.datasets.pixel_csv import PixelCsv

from regene_bench.base.errors import DataError, UsageError
from regene_bench.base.events import Event, Message
from regene_bench.data.load import LoadedDataset, load_dataset
from regene_bench.data.shapes import ImageShape
from regene_bench.data.source import ImageSet
from regene_bench.samples.read import read_samples
from tests.data.builders import cyclic_labels, pixels, request
from tests.real_formats.torchvision_sets import write_pixel_csv

SHAPE = ImageShape(1, 5, 5, 3)
NAMES = ("0", "1", "2")
TRAIN = ImageSet(pixels(12, height=5), cyclic_labels(12), NAMES)
TEST = ImageSet(pixels(6, height=5, seed=1), cyclic_labels(6), NAMES)
COLOUR = pixels(9, channels=3, height=5)


def load(
    folder: Path, shape: ImageShape = SHAPE, told: list[str] | None = None, **options: Any
) -> LoadedDataset:
    def tell(event: Event) -> None:
        if told is not None and isinstance(event, Message):
            told.append(event.text)

    asked = {"path": str(folder), **options}
    source = PixelCsv(request("pixel-csv", shape, folder, options=asked))
    return load_dataset(source, source_name="pixel-csv", progress=tell, decode_again=True)


def same(found: ImageSet, expected: ImageSet) -> None:
    np.testing.assert_array_equal(found.images, expected.images)
    np.testing.assert_array_equal(found.labels, expected.labels)


def table(images: np.ndarray, titles: list[str] | None = None) -> pd.DataFrame:
    flat = images.reshape(len(images), -1)
    return pd.DataFrame(flat, columns=titles or [f"pixel{i}" for i in range(flat.shape[1])])


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("train", "test", "first"),
    [
        ("train.csv", "test.csv", 0),
        ("sign_mnist_train.csv", "sign_mnist_test.csv", 1),
        ("fashion-mnist_train.csv", "fashion-mnist_test.csv", 1),
        ("Train.CSV", "valid.CSV", 0),
    ],
)
def test_names_say_which_file_is_which(tmp_path: Path, train: str, test: str, first: int) -> None:
    write_pixel_csv(tmp_path / train, TRAIN, first=first)
    write_pixel_csv(tmp_path / test, TEST, first=first)
    found = load(tmp_path)
    same(found.train, TRAIN)
    same(found.test, TEST)
    assert found.train.class_names == NAMES


def test_a_test_file_without_labels_is_passed_over_with_a_word(tmp_path: Path) -> None:
    write_pixel_csv(tmp_path / "train.csv", TRAIN)
    write_pixel_csv(tmp_path / "test.csv", TEST, label="")
    (tmp_path / "sample_submission.csv").write_text("ImageId,Label\n1,0\n")
    told: list[str] = []
    found = load(tmp_path, told=told, test_fraction=0.25)
    assert told == [
        "pixel-csv: sample_submission.csv is not read",
        "pixel-csv: test.csv has no labels and is passed over: a part of train.csv is held out in "
        "its place",
    ]
    assert np.bincount(found.test.labels).tolist() == [1, 1, 1]
    together = np.concatenate([found.train.images, found.test.images])
    assert sorted(map(bytes, together)) == sorted(map(bytes, TRAIN.images))


def test_one_file_is_enough(tmp_path: Path) -> None:
    write_pixel_csv(tmp_path / "digits.csv", TRAIN)
    for path in ("digits.csv", "digits", "."):
        found = load(tmp_path, path=path)
        assert (len(found.train.images), len(found.test.images)) == (9, 3)


def test_titles_of_rows_and_columns_say_the_size(tmp_path: Path) -> None:
    wide = pixels(6, height=3, width=4)
    titles = [f"{row}x{column}" for row in range(1, 4) for column in range(1, 5)]
    frame = table(wide, titles)
    frame.insert(0, "label", cyclic_labels(6))
    frame.to_csv(tmp_path / "train.csv", index=False)
    found = load(tmp_path, ImageShape(1, 4, 4, 3), center_crop=3)
    assert found.train.images.shape == (3, 1, 4, 4)
    exact = load(tmp_path, ImageShape(1, 3, 4, 3))
    together = np.concatenate([exact.train.images, exact.test.images])
    assert sorted(map(bytes, together)) == sorted(map(bytes, wide))


@pytest.mark.parametrize("colours", ["pixels", "planes"])
def test_colours_stand_in_the_order_that_the_protocol_says(tmp_path: Path, colours: str) -> None:
    written = COLOUR.transpose(0, 2, 3, 1) if colours == "pixels" else COLOUR
    frame = table(written)
    frame["label"] = cyclic_labels(9)
    frame.to_csv(tmp_path / "hmnist_5_5_RGB.csv", index=False)
    found = load(tmp_path, ImageShape(3, 5, 5, 3), colours=colours)
    together = np.concatenate([found.train.images, found.test.images])
    assert sorted(map(bytes, together)) == sorted(map(bytes, COLOUR))
    with pytest.raises(DataError, match="75 values an image, which make no square grey") as refused:
        load(tmp_path, ImageShape(3, 5, 5, 3))
    assert 'colours = "pixels"' in str(refused.value.hint)


def test_grey_images_become_colours_where_the_benchmark_has_them(tmp_path: Path) -> None:
    write_pixel_csv(tmp_path / "train.csv", TRAIN)
    write_pixel_csv(tmp_path / "test.csv", TEST)
    found = load(tmp_path, ImageShape(3, 5, 5, 3))
    np.testing.assert_array_equal(found.test.images, TEST.images.repeat(3, axis=1))


def test_labels_may_be_words_in_a_column_of_any_title(tmp_path: Path) -> None:
    words = np.array(["owl", "cat", "dog"])
    for name, data in (("train", TRAIN), ("test", TEST)):
        named = ImageSet(data.images, words[data.labels], NAMES)
        write_pixel_csv(tmp_path / f"{name}.csv", named, label="animal")
    with pytest.raises(DataError, match="beside the labels it has the column 'animal'"):
        load(tmp_path)
    found = load(tmp_path, label_column="animal")
    assert found.test.class_names == ("cat", "dog", "owl")
    np.testing.assert_array_equal(found.test.labels, np.array([2, 0, 1])[TEST.labels])


def test_letters_with_a_gap_among_their_numbers(tmp_path: Path) -> None:
    numbers = np.array([0, 8, 10])
    for name, data in (("train", TRAIN), ("test", TEST)):
        write_pixel_csv(
            tmp_path / f"sign_mnist_{name}.csv", ImageSet(data.images, numbers[data.labels], NAMES)
        )
    with pytest.raises(DataError, match="has the labels 0, 8, 10; with 3 classes"):
        load(tmp_path)
    same(load(tmp_path, class_names=["0", "8", "10"]).test, TEST)


# --- what is refused ------------------------------------------------------------------------------

PIXELS = ",".join(f"pixel{i}" for i in range(4))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0,1,2,3,4\n1,1,2,3,4\n", "begins with numbers"),
        (f"{PIXELS}\n1,2,3,4\n", "has no column of labels"),
        ("label,pixel0,pixel2,pixel1,pixel3\n0,1,2,3,4\n", "not numbered one after the other"),
        ("label,pixel5,pixel6,pixel7,pixel8\n0,1,2,3,4\n", "not numbered one after the other"),
        ("label,1x1,2x1,1x2,2x2\n0,1,2,3,4\n", "not numbered one after the other"),
        ("label,a0,b1,a2,b3\n0,1,2,3,4\n", "not numbered one after the other"),
        ("label,pixel0,pixel0\n0,1,2\n", "several columns called 'pixel0'"),
        (f"label,y,{PIXELS}\n0,0,1,2,3,4\n", "columns label and y: which"),
        ("emotion,pixels,Usage\n0,1 2 3 4,Training\n", "it has the column 'emotion'"),
        ("label\n0\n", "has one column"),
        ("label;pixel0;pixel1\n0;1;2\n", "has one column"),
        ("", "has one column, ''"),
        (f"label,{PIXELS},pixel4\n0,1,2,3,4,5\n", "5 values an image, which make no square"),
        (f"label,{PIXELS}\n0,1,2,3,256\n", "invalid value '256'"),
        (f"label,{PIXELS}\n0,0.1,0.2,0.3,0.4\n", "invalid value '0.1'"),
        (f"label,{PIXELS}\n0,1,2,3,-4\n", "invalid value '-4'"),
        (f"label,{PIXELS}\n0,1,2,,4\n", "no value in the column 'pixel2' of image 0"),
        (f"label,{PIXELS}\n0,1,2,3\n", "Expected 5 columns, got 4"),
        (f"label,{PIXELS}\n,1,2,3,4\n", "no label in image 0"),
        (f"label,{PIXELS}\n1.5,1,2,3,4\n", "labels like '1.5'"),
        (f"label,{PIXELS}\n", "has no images"),
    ],
)
def test_tables_that_are_no_images(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "train.csv").write_text(text)
    with pytest.raises(DataError, match=problem) as refused:
        load(tmp_path, ImageShape(1, 4, 4, 3))
    if text != f"label,{PIXELS}\n":
        assert str(tmp_path / "train.csv") in refused.value.message
        assert refused.value.hint


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (("train.csv", "train_2.csv"), None),
        (("mnist_train.csv", "fashion_train.csv"), "fashion_train.csv and mnist_train.csv: which"),
        (("test.csv", "other.csv"), "none is called as a file to train on"),
        (("a.csv", "b.csv"), "none is called as a file to train on"),
    ],
)
def test_files_that_could_be_the_same_split(
    tmp_path: Path, names: tuple[str, ...], problem: str | None
) -> None:
    for name in names:
        write_pixel_csv(tmp_path / name, TRAIN)
    with pytest.raises(DataError, match=problem or "which of them is meant"):
        load(tmp_path)


def test_files_of_two_data_sets(tmp_path: Path) -> None:
    write_pixel_csv(tmp_path / "train.csv", TRAIN)
    write_pixel_csv(tmp_path / "test.csv", ImageSet(pixels(3, height=4, width=4), NAMES, NAMES))
    with pytest.raises(DataError, match=r"images of 25 pixels.*test.csv of 16,"):
        load(tmp_path)


# --- as samples -----------------------------------------------------------------------------------


def test_samples_with_labels_and_without(tmp_path: Path) -> None:
    write_pixel_csv(tmp_path / "made.csv", TEST)
    write_pixel_csv(tmp_path / "bare.csv", TEST, label="")
    found = read_samples(tmp_path / "made.csv", SHAPE, NAMES)
    np.testing.assert_array_equal(found.images, TEST.images)
    np.testing.assert_array_equal(found.labels, TEST.labels)
    assert read_samples(tmp_path / "made.csv", SHAPE, NAMES, labels="none").labels is None
    assert read_samples(tmp_path / "bare.csv", SHAPE, NAMES).labels is None
    np.save(tmp_path / "labels.npy", TEST.labels)
    beside = read_samples(tmp_path / "bare.csv", SHAPE, NAMES, labels=str(tmp_path / "labels.npy"))
    np.testing.assert_array_equal(beside.labels, TEST.labels)


def test_samples_with_labels_of_another_title_and_in_words(tmp_path: Path) -> None:
    named = ImageSet(TEST.images, np.array(["a", "b", "c"])[TEST.labels], NAMES)
    write_pixel_csv(tmp_path / "made.csv", named, label="kind")
    found = read_samples(tmp_path / "made.csv", SHAPE, ("c", "b", "a"), labels="kind")
    np.testing.assert_array_equal(found.labels, 2 - TEST.labels)


def test_samples_of_another_size_or_colour(tmp_path: Path) -> None:
    write_pixel_csv(tmp_path / "made.csv", TEST)
    with pytest.raises(DataError, match="5×5 pixels; the benchmark's are 6×6"):
        read_samples(tmp_path / "made.csv", ImageShape(1, 6, 6, 3), NAMES)
    resized = read_samples(tmp_path / "made.csv", ImageShape(1, 6, 6, 3), NAMES, resize=True)
    assert resized.images.shape == (6, 1, 6, 6)
    assert resized.resized_from == (5, 5)
    table(COLOUR).to_csv(tmp_path / "colour.csv", index=False)
    with pytest.raises(DataError, match="which make no square grey image") as refused:
        read_samples(tmp_path / "colour.csv", ImageShape(3, 5, 5, 3), NAMES)
    assert "Samples are given in a .npz" in str(refused.value.hint)


def test_a_table_of_labels_alone_is_no_sample(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file_name,label\na.png,0\n")
    with pytest.raises(DataError, match=re.escape("the column 'file_name'")):
        read_samples(tmp_path / "labels.csv", SHAPE, NAMES)
    write_pixel_csv(tmp_path / "made.csv", TEST)
    with pytest.raises(UsageError, match="has no splits"):
        read_samples(tmp_path / "made.csv", SHAPE, NAMES, split="test")
