"""A protocol may name its splits; what is held out without labels is passed over with a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regene_bench.base.errors import DataError
from regene_bench.data.layouts import LayoutOptions, detect_layout
from regene_bench.data.load import load_dataset
from regene_bench.data.parquet_files import ParquetOptions
from regene_bench.data.source import ImageSet, SourceRequest
from regene_bench.data.split_folders import SplitNames
from regene_bench.plugins.host import load_plugins
from tests.harness.builders import benchmark

from .builders import GREY, encode, image_set, same_images, write_class_folders
from .builders import write_parquet as write_file
from .layout_builders import found

SPLITS = {"train": image_set(12), "test": image_set(6, seed=1), "val": image_set(9, seed=2)}


def tables(folder: Path, **labels: Any) -> Path:
    for name, data in SPLITS.items():
        write_table(folder / f"{name}.parquet", data, labels.get(name, data.labels))
    return folder


def write_table(path: Path, data: ImageSet, labels: Any) -> None:
    images = [encode(image) for image in data.images]
    write_file(path, images, labels, class_names=data.class_names)


def converted(folder: Path) -> Path:
    for name, data in SPLITS.items():
        write_table(folder / name / "0000.parquet", data, data.labels)
    return folder


def folders(folder: Path) -> Path:
    for name, data in SPLITS.items():
        write_class_folders(folder / name, data)
    return folder


def named(train: str = "", test: str = "", **parquet: Any) -> LayoutOptions:
    return LayoutOptions(splits=SplitNames(train, test), parquet=ParquetOptions(**parquet))


def refused(folder: Path, options: LayoutOptions | None = None) -> str:
    with pytest.raises(DataError) as caught:
        detect_layout(folder, options or LayoutOptions())
    return str(caught.value)


# --- by name --------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [tables, converted, folders])
@pytest.mark.parametrize(
    ("train", "test", "expected"),
    [
        ("train", "validation", ("train", "val")),
        ("", "val", ("train", "val")),
        ("val", "", ("val", "test")),
        ("test", "train", ("test", "train")),
    ],
)
def test_splits_are_the_ones_that_are_named(
    tmp_path: Path,
    write: Callable[[Path], Path],
    train: str,
    test: str,
    expected: tuple[str, str],
) -> None:
    layout = found(write(tmp_path), named(train, test))
    assert same_images(layout.read("train", GREY, None), SPLITS[expected[0]])
    assert same_images(layout.read("test", GREY, None), SPLITS[expected[1]])


@pytest.mark.parametrize("write", [tables, converted, folders])
def test_a_name_that_is_none_lists_the_splits(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    text = refused(write(tmp_path), named(test="unseen"))
    assert "no split 'unseen'; it has test, train, val" in text
    assert "cannot be both" in refused(tmp_path, named("val", "validation"))


def test_without_names_the_usual_ones_count(tmp_path: Path) -> None:
    assert same_images(found(tables(tmp_path)).read("test", GREY, None), SPLITS["test"])


def test_a_protocol_names_splits_and_only_then_its_id_changes() -> None:
    plain = benchmark()
    table = "[data]\n"
    both = benchmark(**{table: f'{table}train = "train"\ntest = "validation"\n'})
    assert both.data.splits == SplitNames("train", "validation")
    assert not plain.data.splits
    assert "train" not in plain.identity("quick")["data"]
    assert both.identity("quick")["data"]["test"] == "validation"


def test_a_source_heeds_the_names_or_refuses_them(tmp_path: Path) -> None:
    tables(tmp_path / "set")

    def loaded(source: str) -> Any:
        asked = SourceRequest(
            "set", GREY, (tmp_path,), tmp_path, {}, splits=SplitNames(test="validation")
        )
        made = load_plugins().find("dataset", source).load()(asked)
        return load_dataset(made, source_name=source, decode_again=True)

    assert same_images(loaded("parquet").test, SPLITS["val"])
    with pytest.raises(DataError, match="'mnist' has one way to split its data"):
        loaded("mnist")


# --- hidden labels --------------------------------------------------------------------------------


def test_a_test_split_without_labels_is_passed_over(tmp_path: Path) -> None:
    layout = found(tables(tmp_path, test=[-1] * 6))
    assert same_images(layout.read("test", GREY, None), SPLITS["val"])
    assert layout.notes == (f"the split 'test' of {tmp_path} has no labels: passed over",)
    tables(tmp_path / "b", test=[-1] * 6, val=None)
    held_out = found(tmp_path / "b")
    assert len(held_out.notes) == 2
    both = [held_out.read(split, GREY, None) for split in ("train", "test")]
    assert [len(split.labels) for split in both] == [9, 3]


def test_a_test_split_without_labels_is_refused_where_it_is_named(tmp_path: Path) -> None:
    text = refused(tables(tmp_path, test=[-1] * 6), named(test="test"))
    assert "The split 'test'" in text
    assert "Name another split as test in the protocol's [data]: val." in text


def test_some_images_of_no_class_are_not_left_out_in_silence(tmp_path: Path) -> None:
    layout = found(tables(tmp_path, train=[-1, *SPLITS["train"].labels[1:]]))
    with pytest.raises(DataError, match=r"1 of 12 images .* of no class \(-1\)") as caught:
        layout.read("train", GREY, None)
    assert "filter" in str(caught.value)


# --- configurations, parts ------------------------------------------------------------------------


def test_one_of_several_configurations_is_named(tmp_path: Path) -> None:
    tables(tmp_path / "small")
    converted(tmp_path / "large")
    text = refused(tmp_path)
    assert "large, small" in text
    assert "config = …" in text
    layout = found(tmp_path, named(config="large"))
    assert {file.parent.parent.name for file in layout.files} == {"large"}
    assert "Did you mean 'small'?" in refused(tmp_path, named(config="smal"))
    tables(tmp_path / "default")
    assert {file.parent.name for file in found(tmp_path).files} == {"default"}


def test_a_part_of_a_data_set_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    write_table(
        tmp_path / "partial-train" / "0000.parquet", SPLITS["train"], SPLITS["train"].labels
    )
    text = refused(tmp_path)
    assert "only a part" in text
    assert 'train = "partial-train"' in text
    layout = found(tmp_path, named("partial-train"))
    assert len(layout.read("train", GREY, None).labels) == 9
    write_table(tmp_path / "train" / "0001.parquet", SPLITS["train"], SPLITS["train"].labels)
    assert "not 0000.parquet" in refused(tmp_path)


def test_the_order_of_rows_goes_on_from_one_numbered_file_to_the_next(tmp_path: Path) -> None:
    for i, split in enumerate(("train", "val")):
        data = SPLITS[split]
        write_table(tmp_path / "train" / f"000{i}.parquet", data, data.labels)
    write_table(tmp_path / "test" / "0000.parquet", SPLITS["test"], SPLITS["test"].labels)
    read = found(tmp_path).read("train", GREY, None)
    expected = np.concatenate([SPLITS["train"].images, SPLITS["val"].images])
    np.testing.assert_array_equal(read.images, expected)
