"""Parquet files of images: order, columns, held-out parts; what is damaged is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regene_bench.base.errors import DataError
from regene_bench.data.layouts import LayoutOptions
from regene_bench.data.parquet_images import ParquetOptions
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
    with pytest.raises(DataError, match=r"train\.parquet has no image bytes in row 7"):
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
