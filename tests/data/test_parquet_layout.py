"""Parquet files of images: order, columns, held-out parts; what is damaged is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regene_bench.base.errors import DataError
from regene_bench.data.layouts import LayoutOptions, detect_layout
from regene_bench.data.parquet_files import ParquetOptions
from regene_bench.data.source import ImageSet

from .builders import GREY, encode, image_set, same_images, write_parquet
from .layout_builders import TEST, TRAIN, found, parquet_set


def test_rows_keep_their_order_over_files_and_row_groups(tmp_path: Path) -> None:
    for part in (0, 1):
        some = slice(6 * part, 6 * part + 6)
        write_parquet(
            tmp_path / f"train-0000{part}-of-00002.parquet",
            [encode(image) for image in TRAIN.images[some]],
            TRAIN.labels[some],
        )
    write_parquet(tmp_path / "test.parquet", [encode(i) for i in TEST.images], TEST.labels)
    read = found(tmp_path).read("train", GREY, None)
    np.testing.assert_array_equal(read.images, TRAIN.images)
    np.testing.assert_array_equal(read.labels, TRAIN.labels)


def test_without_test_files_a_part_of_each_class_is_held_out(tmp_path: Path) -> None:
    data = image_set(60)
    write_parquet(tmp_path / "train.parquet", [encode(i) for i in data.images], data.labels)
    layout = found(tmp_path, LayoutOptions(parquet=ParquetOptions(test_fraction=0.2)))
    train, test = layout.read("train", GREY, None), layout.read("test", GREY, None)
    assert np.bincount(test.labels).tolist() == [4, 4, 4]
    both = ImageSet(
        np.concatenate([train.images, test.images]),
        np.concatenate([train.labels, test.labels]),
        data.class_names,
    )
    assert same_images(both, data)


def test_labels_can_be_strings(tmp_path: Path) -> None:
    images = [encode(image) for image in TRAIN.images[:4]]
    write_parquet(tmp_path / "train.parquet", images, ["dog", "cat", "eel", "cat"])
    write_parquet(tmp_path / "test.parquet", images[:2], ["eel", "dog"])
    layout = found(tmp_path)
    train, test = layout.read("train", GREY, None), layout.read("test", GREY, None)
    assert train.class_names == test.class_names == ("cat", "dog", "eel")
    assert train.labels.tolist() == [1, 0, 2, 0]
    assert test.labels.tolist() == [2, 1]


def test_strings_stand_in_natural_order(tmp_path: Path) -> None:
    images = [encode(image) for image in TRAIN.images[:3]]
    write_parquet(tmp_path / "train.parquet", images, ["10", "2", "1"])
    read = found(tmp_path).read("train", GREY, None)
    assert read.class_names == ("1", "2", "10")


# --- files that number their classes in orders of their own ---------------------------------------

FILES = ("train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001")
Content = tuple[list[Any], tuple[str, ...] | None]


def read_files(folder: Path, *contents: Content) -> list[list[str]]:
    """Names of the labels of train and test, from files of labels and their own class lists."""
    for name, (labels, names) in zip(FILES, contents, strict=True):
        images = [encode(image) for image in TRAIN.images[: len(labels)]]
        write_parquet(folder / f"{name}.parquet", images, labels, class_names=names)
    layout = found(folder)
    splits = [layout.read("train", GREY, None), layout.read("test", GREY, None)]
    assert splits[0].class_names == splits[1].class_names
    return [[split.class_names[label] for label in split.labels] for split in splits]


@pytest.mark.parametrize(
    ("second", "test"),
    [
        (([2, 1], ("owl", "cat", "dog")), ([0, 2], ("owl", "dog", "cat"))),
        (([1, 0], ("cat", "dog")), ([0, 1], ("owl", "cat"))),
        ((["dog", "cat"], None), (["owl", "cat"], None)),
        (([1, 2], None), ([0, 2], None)),
    ],
    ids=["other orders", "other lists", "strings", "no lists"],
)
def test_classes_are_aligned_by_name(tmp_path: Path, second: Content, test: Content) -> None:
    first: Content = ([0, 0, 1], ("owl", "dog", "cat"))
    train, held_out = read_files(tmp_path, first, second, test)
    assert train == ["owl", "owl", "dog", "dog", "cat"]
    assert held_out == ["owl", "cat"]


def test_the_first_files_list_is_the_order(tmp_path: Path) -> None:
    first, other = ("10", "2", "1"), ("1", "2", "10")
    read_files(tmp_path, ([0], first), ([0], other), ([1], other))
    assert found(tmp_path).read("train", GREY, None).class_names == first


def test_lists_of_parts_of_the_classes_make_one_in_natural_order(tmp_path: Path) -> None:
    contents = (([0], ("c 10",)), ([0], ("c 2",)), ([0], ("c 10",)))
    assert read_files(tmp_path, *contents) == [["c 10", "c 2"], ["c 10"]]
    assert found(tmp_path).read("train", GREY, None).class_names == ("c 2", "c 10")


@pytest.mark.parametrize(
    ("second", "test", "words"),
    [
        (([1], ("owl", "cat")), ([1], None), r"test-0.*has integers as labels, but no list"),
        (([1], ("cat", "owl")), ([2], ("cat", "owl", "elk")), r"test-0.*no train file has: elk"),
        (([2], ("cat", "owl")), ([0], ("cat", "owl")), r"train-00001.*label 2, but lists 2"),
        ((["0"], None), ([0], None), r"test-0.*has integers as labels, but no list"),
        (([0], ("cat", "owl")), ([2], None), r"test-0.*has the label 2, but the classes are cat"),
    ],
)
def test_integers_that_no_list_explains_are_refused(
    tmp_path: Path, second: Content, test: Content, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        read_files(tmp_path, ([0], ("cat", "owl")), second, test)


def test_the_usual_names_of_label_columns_are_known(tmp_path: Path) -> None:
    images = [encode(image) for image in TRAIN.images]
    for column in ("label", "labels", "fine_label", "target", "targets", "cls", "y", "class"):
        path = tmp_path / column / "train.parquet"
        write_parquet(path, images, TRAIN.labels, label_column=column)
        labels = found(tmp_path / column).read("train", GREY, None).labels
        assert np.bincount(labels).tolist() == [3, 3, 3]
    write_parquet(tmp_path / "other" / "train.parquet", images, TRAIN.labels, label_column="kind")
    with pytest.raises(DataError, match=r"columns are image, kind") as caught:
        found(tmp_path / "other").read("train", GREY, None)
    assert "label_column" in caught.value.hint


@pytest.mark.parametrize("place", ["", "data", "plain_text"])
def test_an_incomplete_set_names_what_is_missing(tmp_path: Path, place: str) -> None:
    parquet_set(tmp_path / place)
    path = tmp_path / place / "train-00000-of-00001.parquet"
    path.rename(path.with_name("train-00000-of-00002.parquet"))
    with pytest.raises(DataError, match=r"train-00001-of-00002\.parquet is missing"):
        detect_layout(tmp_path, LayoutOptions())


def test_another_sets_files_in_a_data_folder_do_not_matter(tmp_path: Path) -> None:
    parquet_set(tmp_path / "one")
    parquet_set(tmp_path / "two")
    path = tmp_path / "two" / "train-00000-of-00001.parquet"
    path.rename(path.with_name("train-00000-of-00002.parquet"))
    assert detect_layout(tmp_path, LayoutOptions(plain_only=True)) is None


def test_columns_can_be_named(tmp_path: Path) -> None:
    parquet_set(tmp_path, image_column="picture", label_column="kind")
    with pytest.raises(DataError, match=r"train.*no column 'image' or 'img'") as caught:
        found(tmp_path).read("train", GREY, None)
    assert "image_column" in caught.value.hint
    named = LayoutOptions(parquet=ParquetOptions("picture", "kind"))
    assert found(tmp_path, named).read("train", GREY, None).class_names == TRAIN.class_names
    wrong = LayoutOptions(parquet=ParquetOptions("pictures", "kind"))
    with pytest.raises(DataError, match="Did you mean 'picture'"):
        found(tmp_path, wrong).read("train", GREY, None)


@pytest.mark.parametrize("damage", ["truncated", "text", "overwritten"])
def test_a_damaged_parquet_file_is_named(tmp_path: Path, damage: str) -> None:
    parquet_set(tmp_path)
    path = tmp_path / "train-00000-of-00001.parquet"
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        content = content[: len(content) // 2]
    elif damage == "text":
        content = bytearray(b"no Parquet at all")
    else:
        content[4 : len(content) // 2] = b"\xff" * (len(content) // 2 - 4)
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"train-00000-of-00001\.parquet"):
        found(tmp_path).read("train", GREY, None)


def test_a_damaged_image_is_named_by_file_and_row(tmp_path: Path) -> None:
    parquet_set(tmp_path)
    images = [encode(image) for image in TRAIN.images]
    images[9] = images[9][:40]
    path = tmp_path / "train-00000-of-00001.parquet"
    write_parquet(path, images, TRAIN.labels)
    with pytest.raises(DataError, match=r"row 9 of .*train-00000-of-00001\.parquet"):
        found(tmp_path).read("train", GREY, None)


def test_rows_without_image_or_label_are_named(tmp_path: Path) -> None:
    images: list[bytes | None] = [encode(image) for image in TRAIN.images]
    labels: list[int | None] = TRAIN.labels.tolist()
    path = tmp_path / "train.parquet"
    write_parquet(tmp_path / "test.parquet", images, labels)
    write_parquet(path, [*images[:7], None, *images[8:]], labels)
    with pytest.raises(DataError, match=r"row 7 of .*train\.parquet: there are no bytes of it"):
        found(tmp_path).read("train", GREY, None)
    write_parquet(path, images, [*labels[:5], None, *labels[6:]])
    with pytest.raises(DataError, match=r"train\.parquet has no label in row 5"):
        found(tmp_path).read("train", GREY, None)


def test_columns_of_the_wrong_type_are_refused(tmp_path: Path) -> None:
    parquet_set(tmp_path)
    swapped = LayoutOptions(parquet=ParquetOptions("label", "label"))
    with pytest.raises(DataError, match="holds int64, not images"):
        found(tmp_path, swapped).read("train", GREY, None)
    swapped = LayoutOptions(parquet=ParquetOptions("image", "image"))
    with pytest.raises(DataError, match="not integers or strings"):
        found(tmp_path, swapped).read("train", GREY, None)
