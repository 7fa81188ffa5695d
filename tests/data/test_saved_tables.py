"""Folders of ``save_to_disk``, and images that are lists of numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regene_bench.base.errors import DataError
from regene_bench.data import column_files
from regene_bench.data.layouts import LayoutOptions, detect_layout
from regene_bench.samples.read import read_samples

from .builders import GREY, RGB, encode, pixels
from .layout_builders import TRAIN, found

NAMES = TRAIN.class_names


def save(folder: Path, files: int = 1) -> Path:
    """Save TRAIN as ``datasets.Dataset.save_to_disk`` does."""
    folder.mkdir(parents=True)
    names = [f"data-{i:05}-of-{files:05}.arrow" for i in range(files)]
    for i, name in enumerate(names):
        cells = [{"bytes": encode(image), "path": None} for image in TRAIN.images[i::files]]
        table = pa.table({"image": cells, "label": [NAMES[x] for x in TRAIN.labels[i::files]]})
        with pa.ipc.new_stream(str(folder / name), table.schema) as writer:
            writer.write_table(table)
    state = {"_data_files": [{"filename": name} for name in names], "_split": None}
    (folder / "state.json").write_text(json.dumps(state))
    return folder


def refused(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        detect_layout(folder, LayoutOptions())
    return str(caught.value)


def test_of_a_single_data_set_a_part_is_held_out(tmp_path: Path) -> None:
    layout = found(save(tmp_path / "set", files=2))
    both = [layout.read(split, GREY, None) for split in ("train", "test")]
    assert [len(split.labels) for split in both] == [9, 3]
    assert len(read_samples(tmp_path / "set", GREY, NAMES)) == 12
    with pytest.raises(Exception, match="has no splits: it is one data set"):
        read_samples(tmp_path / "set", GREY, NAMES, split="test")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    (save(tmp_path / "set" / "train", files=2) / "data-00001-of-00002.arrow").unlink()
    assert "names data-00001-of-00002.arrow, which is not there" in refused(tmp_path / "set/train")
    (tmp_path / "set" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    save(tmp_path / "other")
    assert "data-00001-of-00002.arrow" in refused(tmp_path / "set")
    (tmp_path / "set" / "dataset_dict.json").write_text('{"splits": ["test"]}')
    assert "there is no test/state.json" in refused(tmp_path / "set")
    (tmp_path / "set" / "dataset_dict.json").write_text("{")
    assert "is damaged" in refused(tmp_path / "set")


def test_a_damaged_arrow_file_is_named(tmp_path: Path) -> None:
    path = save(tmp_path / "set") / "data-00000-of-00001.arrow"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match=f"Arrow file {path} is corrupt"):
        read_samples(tmp_path / "set", GREY, NAMES)


# --- images as lists ------------------------------------------------------------------------------


def write_lists(path: Path, images: list[Any], kind: Any = None) -> Path:
    depth = 3 if np.ndim(images[0]) == 3 or not hasattr(images[0], "ndim") else 2
    cell = kind or pa.uint8()
    for _ in range(depth):
        cell = pa.list_(cell)
    cells = [image.tolist() if hasattr(image, "tolist") else image for image in images]
    pq.write_table(pa.table({"image": pa.array(cells, cell)}), path)
    return path


@pytest.mark.parametrize("kind", [pa.uint8(), pa.int64()])
@pytest.mark.parametrize("axes", [(1, 2, 0), (0, 1, 2)])
def test_channels_may_be_first_or_last(tmp_path: Path, kind: Any, axes: tuple[int, ...]) -> None:
    images = pixels(5, channels=3)
    path = write_lists(tmp_path / "a.parquet", [x.transpose(axes) for x in images], kind)
    np.testing.assert_array_equal(read_samples(path, RGB, NAMES).images, images)


def test_images_of_several_sizes_can_be_resized(tmp_path: Path) -> None:
    images = [pixels(1)[0, 0], pixels(1, height=12, width=10)[0, 0]]
    path = write_lists(tmp_path / "a.parquet", images)
    samples = read_samples(path, GREY, NAMES, resize=True)
    np.testing.assert_array_equal(samples.images[0, 0], images[0])
    assert samples.sizes_before == "2 sizes"


@pytest.mark.parametrize(
    ("image", "kind", "words"),
    [
        (np.full((6, 5), 256), pa.int64(), r"in row 1 of .* has values outside 0\.\.255"),
        (np.full((6, 5), -1), pa.int64(), r"in row 1 of .* has values outside 0\.\.255"),
        (np.zeros((6, 5)), pa.float32(), "list<element: float>.*not images.*\n.*0 to 255"),
        (np.zeros((6, 5, 4), np.uint8), pa.uint8(), r"shape \[6, 5, 4\], which is none"),
        (np.zeros((3, 5, 3), np.uint8), pa.uint8(), "channels first or last"),
    ],
)
def test_what_is_no_image_is_named(tmp_path: Path, image: Any, kind: Any, words: str) -> None:
    good = image[:, :, :1] * 0 if image.ndim == 3 else image * 0
    path = write_lists(tmp_path / "a.parquet", [good, image], kind)
    with pytest.raises(DataError, match=words):
        read_samples(path, GREY, NAMES)


def test_ragged_rows_and_missing_values_are_named(tmp_path: Path) -> None:
    good = np.zeros((2, 2, 1), np.uint8).tolist()
    ragged: list[Any] = [[[[1], [2]], [[3]]], [[[1], [None]], [[3], [4]]], [[], []]]
    for image in ragged:
        path = write_lists(tmp_path / "a.parquet", [good, image])
        with pytest.raises(DataError, match=r"in row 1 of .* rows of different lengths"):
            read_samples(path, GREY, NAMES)


def test_lists_that_would_end_before_they_begin_are_refused() -> None:
    values = pa.array([1, 2, 3], pa.uint8())
    ends = pa.array([0, 2, 1], pa.int32()).buffers()[1]
    lists = pa.ListArray.from_buffers(pa.list_(pa.uint8()), 2, [None, ends], children=[values])
    with pytest.raises(pa.ArrowInvalid):
        column_files._checked(lists)
    assert column_files._checked(values) is values
