"""Labels beside image files: ``metadata.csv``, ``.jsonl`` or ``.parquet``."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regene_bench.base.errors import DataError
from regene_bench.data.layouts import LayoutOptions, detect_layout
from regene_bench.data.parquet_files import ParquetOptions
from regene_bench.samples.read import read_samples

from .builders import GREY, as_picture
from .layout_builders import TRAIN, found

NAMES = TRAIN.class_names
FILES = [f"{i:02}.png" for i in range(len(TRAIN.labels))]
WORDS = [NAMES[label] for label in TRAIN.labels]


def write_images(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, image in zip(FILES, TRAIN.images, strict=True):
        as_picture(image).save(folder / name)
    return folder


def write_csv(folder: Path, labels: list[str], title: str = "label") -> Path:
    lines = [f"{name},{label}" for name, label in zip(FILES, labels, strict=False)]
    (folder / "metadata.csv").write_text("\n".join([f"file_name,{title}", *lines]))
    return folder


def refused(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        detect_layout(folder, LayoutOptions())
    return str(caught.value)


def test_of_one_folder_a_part_is_held_out(tmp_path: Path) -> None:
    layout = found(write_csv(write_images(tmp_path / "set"), WORDS))
    both = [layout.read(split, GREY, None) for split in ("train", "test")]
    assert [len(split.labels) for split in both] == [9, 3]
    assert both[0].class_names == NAMES
    assert tmp_path / "set" / "metadata.csv" in layout.files


def test_a_column_of_another_title_is_named(tmp_path: Path) -> None:
    folder = write_csv(write_images(tmp_path / "set"), WORDS, "kind")
    assert detect_layout(folder, LayoutOptions()) is None
    options = LayoutOptions(parquet=ParquetOptions(label_column="kind"))
    assert found(folder, options).read("train", GREY, None).class_names == NAMES


def test_integers_in_a_table(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "set")
    table = pa.table({"file_name": FILES, "label": TRAIN.labels})
    pq.write_table(table, folder / "metadata.parquet")
    samples = read_samples(folder, GREY, NAMES)
    assert samples.labels is not None
    assert samples.labels.tolist() == TRAIN.labels.tolist()
    assert samples.notes == ()


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    folder = write_csv(write_images(tmp_path / "set"), WORDS[:-1])
    assert f"no label for 1 of 12 images, such as {FILES[-1]}" in refused(folder)
    write_csv(folder, WORDS)
    with (folder / "metadata.csv").open("a") as file:
        file.write(f"\n{FILES[0]},{WORDS[1]}")
    assert f"labels {FILES[0]} twice" in refused(folder)
    (folder / "metadata.csv").write_bytes(b"file_name,label\n\xff")
    assert "metadata.csv is damaged" in refused(folder)


def test_one_file_for_several_splits_is_refused(tmp_path: Path) -> None:
    for split in ("train", "test"):
        write_images(tmp_path / split)
    (tmp_path / "metadata.csv").write_text(f"file_name,label\ntrain/{FILES[0]},cat")
    assert "Put a metadata.csv into each of these folders" in refused(tmp_path)
