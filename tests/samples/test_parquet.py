"""Parquet: a column of images, and labels as numbers or names, if there are any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regene_bench.base.errors import DataError
from regene_bench.samples.read import read_samples
from tests.data.builders import GREY, encode, pixels, write_parquet

NAMES = ("cat", "dog", "owl")
IMAGES = pixels(5)


def write(path: Path, labels: Sequence[Any] | None, **options: Any) -> Path:
    write_parquet(path, [encode(image) for image in IMAGES], labels, **options)
    return path


def labels_of(path: Path, **options: Any) -> list[int] | None:
    samples = read_samples(path, GREY, NAMES, **options)
    np.testing.assert_array_equal(samples.images, IMAGES)
    return None if samples.labels is None else [int(label) for label in samples.labels]


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read_samples(path, GREY, NAMES, **options)
    return str(caught.value)


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("labels", [[2, 0, 1, 1, 2], ["owl", "cat", "dog", "dog", "owl"]])
def test_every_row_in_order(tmp_path: Path, labels: list[Any], nested: bool) -> None:
    assert labels_of(write(tmp_path / "a.parquet", labels, nested=nested)) == [2, 0, 1, 1, 2]


def test_names_of_the_files_own_classes_count_not_their_order(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", [0, 1, 0, 1, 0], class_names=("owl", "cat"))
    assert labels_of(path) == [2, 0, 2, 0, 2]


def test_no_labels_or_labels_elsewhere(tmp_path: Path) -> None:
    assert labels_of(write(tmp_path / "a.parquet", None)) is None
    path = write(tmp_path / "b.parquet", [0, 1, 2, 0, 1], label_column="drawn")
    assert labels_of(path) is None
    (note,) = read_samples(path, GREY, NAMES).notes
    assert note == "unlabelled: no column is called label or the like (there is drawn)"
    assert read_samples(tmp_path / "a.parquet", GREY, NAMES).notes == ()
    assert labels_of(path, labels="drawn") == [0, 1, 2, 0, 1]
    assert "Did you mean 'drawn'" in refused(path, labels="drwan")
    assert refused(path, labels="nope").endswith(
        "b.parquet has no column 'nope'.\nKnown: drawn, image."
    )


@pytest.mark.parametrize(
    "column", ["label", "labels", "fine_label", "target", "targets", "cls", "y", "class"]
)
def test_the_usual_names_of_label_columns_are_known(tmp_path: Path, column: str) -> None:
    path = write(tmp_path / "a.parquet", [0, 1, 2, 0, 1], label_column=column)
    assert labels_of(path) == [0, 1, 2, 0, 1]


def write_columns(path: Path, **columns: Any) -> Path:
    cells = pa.array([encode(image) for image in IMAGES])
    pq.write_table(pa.table({"image": cells, **columns}), path)
    return path


def test_two_columns_of_labels_must_agree(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    words = ["cat", "dog", "owl", "cat", "dog"]
    write_columns(path, label=[0, 1, 2, 0, 1], target=words)
    assert labels_of(path) == [0, 1, 2, 0, 1]
    write_columns(path, label=[0, 1, 2, 0, 1], target=["cat", "dog", None, "cat", "owl"])
    text = refused(path)
    assert f"Row 4 of {path} has the label '1' by 'label', but 'owl' by 'target'" in text
    assert "--labels label or --labels target" in text
    assert labels_of(path, labels="label") == [0, 1, 2, 0, 1]
    # a number that is measured is no label
    assert labels_of(write_columns(path, label=words, y=[0.5] * 5)) == [0, 1, 2, 0, 1]


def test_yes_and_no_are_labels_only_of_two_classes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", [True, False, True, True, False])
    text = refused(path)
    assert "'label'" in text
    assert "holds bool, but the benchmark has 3 classes" in text
    two = replace(GREY, n_classes=2)
    labels = read_samples(path, two, ("plain", "striped")).labels
    assert labels is not None
    assert labels.tolist() == [1, 0, 1, 1, 0]


def test_labels_beside_count_more_than_a_column(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", ["cow", "elk", "cow", "elk", "elk"])
    (tmp_path / "a.txt").write_text("owl\ncat\ndog\ncat\nowl\n")
    assert labels_of(path, labels=str(tmp_path / "a.txt")) == [2, 0, 1, 0, 2]


def test_files_that_list_their_classes_in_other_orders(tmp_path: Path) -> None:
    for i, names in enumerate((("owl", "cat"), ("cat", "dog", "owl"))):
        path = tmp_path / f"part-{i}-of-2.parquet"
        write_parquet(path, [encode(IMAGES[i])], [0], class_names=names)
    samples = read_samples(tmp_path, GREY, NAMES)
    assert samples.labels is not None
    assert samples.labels.tolist() == [2, 0]


def test_a_folder_that_lacks_a_file_names_it(tmp_path: Path) -> None:
    path = write(tmp_path / "train-00000-of-00002.parquet", [0, 1, 2, 0, 1])
    assert "train-00001-of-00002.parquet is missing" in refused(tmp_path)
    assert labels_of(path) == [0, 1, 2, 0, 1]


def test_images_of_no_class_are_not_scored_as_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", [0, -1, 0, 0, 0], class_names=NAMES)
    assert "the label -1" in refused(path)


def test_a_folder_of_several_files(tmp_path: Path) -> None:
    for i in (0, 1):
        write_parquet(tmp_path / f"part-{i}.parquet", [encode(IMAGES[i])], [i])
    samples = read_samples(tmp_path, GREY, NAMES)
    np.testing.assert_array_equal(samples.images, IMAGES[:2])
    assert samples.labels is not None
    assert samples.labels.tolist() == [0, 1]


def test_files_of_two_meanings_are_not_pooled(tmp_path: Path) -> None:
    for name in ("fake", "real"):
        write(tmp_path / f"{name}.parquet", [0, 1, 2, 0, 1])
    assert "fake.parquet and real.parquet beside it" in refused(tmp_path)
    (tmp_path / "fake.parquet").rename(tmp_path / "s-0.parquet")
    (tmp_path / "real.parquet").rename(tmp_path / "s-1.parquet")
    notes = read_samples(tmp_path, GREY, NAMES).notes
    assert notes == ("read as one set: 2 files: s-0.parquet, s-1.parquet",)


def test_a_folder_of_both_images_and_parquet_is_not_guessed_about(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", None)
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "0.png").write_bytes(encode(IMAGES[0]))
    text = refused(tmp_path)
    assert "a.parquet" in text
    assert "cat/0.png" in text


def test_rows_without_an_image_are_named_or_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    files = [encode(image) for image in IMAGES]
    lists = [image[0].tolist() for image in IMAGES]
    for cells in (
        [{"bytes": file, "path": None} for file in files],
        files,
        lists,
    ):
        table = pa.table({"image": [*cells[:3], None, cells[4]], "label": [0, 1, 2, 0, 1]})
        pq.write_table(table, path)
        assert f"row 3 of {path}: there are no bytes of it.\n" in refused(path)
        assert "--skip-bad" in refused(path)
        samples = read_samples(path, GREY, NAMES, skip_bad=True)
        np.testing.assert_array_equal(samples.images, IMAGES[[0, 1, 2, 4]])
        assert samples.labels is not None
        assert samples.labels.tolist() == [0, 1, 2, 1]
        assert "1 of 5 images left out, which cannot be decoded: in row 3" in samples.notes[0]


def test_images_that_are_only_named_are_refused_with_their_remedy(tmp_path: Path) -> None:
    cells = [{"bytes": None, "path": f"{i}.png"} for i in range(5)]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    pq.write_table(pa.table({"image": pa.array(cells, kind)}), tmp_path / "a.parquet")
    text = refused(tmp_path / "a.parquet", skip_bad=True)
    assert "row 0, but the path '0.png'" in text
    assert "embed_external_files" in text


def test_labels_that_cannot_be_read_have_a_next_step(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", [0.0, 1.0, 2.0, 0.0, 1.0])
    assert "holds double" in refused(path)
    assert "int64" in refused(path)
    text = refused(write(path, [0, 1, None, 0, 1]))
    assert "no label in row 2 (column 'label')" in text
    assert "--labels COLUMN" in text


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    assert "the label 7" in refused(write(path, [0, 1, 2, 7, 0]))
    assert "'cow'" in refused(write(path, ["cat", "cow", "cat", "cat", "cat"]))
    assert "--image-column" in refused(write(path, None, image_column="picture"))
    write_parquet(path, [], np.array([], dtype=np.int64))
    assert "holds no image" in refused(path)
    path.write_bytes(b"PAR1")
    assert "corrupt or unreadable" in refused(path)
    write_parquet(path, [encode(IMAGES[0]), encode(IMAGES[0])[:40]], [0, 1])
    assert f"in row 1 of {path}" in refused(path)
    write_parquet(path, [encode(IMAGES[0]), encode(pixels(1, height=9)[0])], [0, 1])
    assert "different sizes" in refused(path)
