"""A data set is looked for in every data folder; a missing one says where, and how to get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from regene_bench.data.locate import NotFoundError, find_folder


def marked(folder: Path) -> bool:
    return (folder / "mark").exists()


def mark(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mark").touch()
    return folder


def test_the_nearest_root_wins(tmp_path: Path) -> None:
    near, far = tmp_path / "near", tmp_path / "far"
    mark(far / "set")
    assert find_folder("set", [near, far], marked) == far / "set"
    mark(near / "set")
    assert find_folder("set", [near, far], marked) == near / "set"


def test_a_folder_of_the_name_without_images_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "near" / "set").mkdir(parents=True)
    wanted = mark(tmp_path / "far" / "set")
    assert find_folder("set", [tmp_path / "near", tmp_path / "far"], marked) == wanted


def test_a_root_can_be_the_data_set_itself(tmp_path: Path) -> None:
    root = mark(tmp_path / "root")
    assert find_folder("set", [root], marked, holds_plainly=marked) == root
    with pytest.raises(NotFoundError):
        find_folder("set", [root], marked)


def test_a_folder_of_the_name_wins_over_any_root(tmp_path: Path) -> None:
    near, far = mark(tmp_path / "near"), tmp_path / "far"
    mark(far / "set")
    assert find_folder("set", [near, far], marked, holds_plainly=marked) == far / "set"


def test_an_absolute_path_needs_no_root(tmp_path: Path) -> None:
    folder = mark(tmp_path / "set")
    assert find_folder(str(folder), [], marked) == folder
    assert find_folder(str(folder), [tmp_path / "elsewhere"], marked) == folder


def test_a_missing_set_lists_every_place_and_the_remedy(tmp_path: Path) -> None:
    empty = tmp_path / "roots" / "set"
    empty.mkdir(parents=True)
    file = tmp_path / "file"
    file.touch()
    gone = tmp_path / "gone"
    with pytest.raises(NotFoundError) as caught:
        find_folder(
            "set",
            [tmp_path / "roots", gone, file],
            marked,
            holds_plainly=marked,
            remedy="Get it at https://example.org.",
        )
    text = str(caught.value)
    assert f"{empty} (no images in a known layout)" in text
    assert f"{gone / 'set'} (no such folder)" in text
    assert f"{gone} (no such folder)" in text
    assert f"{file} (not a folder)" in text
    for word in ("'set'", "$REGENE_BENCH_DATA", "--data", "https://example.org"):
        assert word in text
