"""Class folders: what is an image, and which images are held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regene_bench.base.errors import DataError
from regene_bench.data.class_folders import find_class_folders
from regene_bench.data.layouts import LayoutOptions, detect_layout
from regene_bench.data.source import ImageSet
from regene_bench.data.split import hashed_test_mask

from .builders import GREY, as_picture, cyclic_labels, image_set, pixels, write_class_folders
from .layout_builders import TRAIN, found, split_folders


def test_the_held_out_part_is_stratified_and_always_the_same(tmp_path: Path) -> None:
    write_class_folders(tmp_path, image_set(60))
    one = find_class_folders(tmp_path, test_fraction=0.1)
    again = find_class_folders(tmp_path, test_fraction=0.1)
    assert one is not None
    assert again is not None
    assert one.test.paths == again.test.paths
    assert np.bincount(one.test.labels).tolist() == [2, 2, 2]
    assert np.bincount(one.train.labels).tolist() == [18, 18, 18]
    assert not set(one.test.paths) & set(one.train.paths)


def test_where_the_folder_lies_does_not_change_the_split(tmp_path: Path) -> None:
    names = []
    for place in ("here", "there"):
        write_class_folders(tmp_path / place, image_set(60))
        files = find_class_folders(tmp_path / place, test_fraction=0.3)
        assert files is not None
        names.append([path.relative_to(tmp_path / place) for path in files.test.paths])
    assert names[0] == names[1]


@pytest.mark.parametrize(("n", "expected"), [(1, 0), (2, 1), (3, 1), (10, 1), (26, 3)])
def test_small_classes_keep_an_image_in_each_split(n: int, expected: int) -> None:
    keys = [str(i) for i in range(n)]
    assert hashed_test_mask(keys, np.zeros(n, dtype=np.int64), 0.1).sum() == expected


def test_images_lie_at_any_depth_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    split_folders(tmp_path)
    deep = tmp_path / "train" / "class 0" / "a" / "b"
    deep.mkdir(parents=True)
    as_picture(pixels(1)[0]).save(deep / "deep.PNG")
    (tmp_path / "train" / "class 0" / "._000.png").write_bytes(b"resource fork")
    (tmp_path / "train" / ".cache").mkdir()
    (tmp_path / "train" / "class 0" / "Thumbs.db").touch()
    assert len(found(tmp_path).read("train", GREY, None).images) == 13


def test_a_class_that_is_only_in_the_test_split_is_an_error(tmp_path: Path) -> None:
    split_folders(tmp_path)
    (tmp_path / "test" / "class x").mkdir()
    as_picture(pixels(1)[0]).save(tmp_path / "test" / "class x" / "1.png")
    with pytest.raises(DataError, match="class x"):
        detect_layout(tmp_path, LayoutOptions())


def test_bare_class_folders_are_not_plainly_a_data_set(tmp_path: Path) -> None:
    write_class_folders(tmp_path, TRAIN)
    assert detect_layout(tmp_path, LayoutOptions()) is not None
    assert detect_layout(tmp_path, LayoutOptions(plain_only=True)) is None


def test_classes_that_are_called_by_numbers_stand_in_their_order(tmp_path: Path) -> None:
    names = tuple(str(number) for number in range(12))
    write_class_folders(tmp_path, ImageSet(pixels(24), cyclic_labels(24, 12), names))
    read = found(tmp_path).read("train", GREY, None)
    assert read.class_names == names
