"""Numbered files of one split: complete, or refused with what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from regene_bench.base.errors import DataError
from regene_bench.data.shard_sets import check_one_set, check_shards, pooled_note

FOLDER = Path("set")


def check(*names: str) -> None:
    check_shards([FOLDER / f"{name}.parquet" for name in names])


@pytest.mark.parametrize(
    "names",
    [
        ("train-00000-of-00001",),
        ("train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001"),
        ("train-00001-of-00002", "train-00002-of-00002"),
        ("train-00000-of-00002-1a2b", "train-00001-of-00002-3c4d"),
        ("train", "test"),
        ("train-0", "train-1", "a-of-b"),
        (),
    ],
)
def test_what_is_whole_is_read(names: tuple[str, ...]) -> None:
    check(*names)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("train-00000-of-00002",), "train-00001-of-00002.parquet is missing"),
        (("train-00001-of-00002",), "train-00000-of-00002.parquet is missing"),
        (("a-0-of-3", "a-2-of-3"), "a-1-of-3.parquet is missing"),
        (("a-1-of-9",), "a-0-of-9.parquet, a-2-of-9.parquet, a-3-of-9.parquet and 5 more are"),
        (("train-00000-of-00002-1a2b",), "train-00001-of-00002-….parquet is missing"),
    ],
)
def test_a_missing_file_is_named(names: tuple[str, ...], words: str) -> None:
    with pytest.raises(DataError) as caught:
        check(*names)
    assert words in caught.value.message
    assert "Fetch the missing" in caught.value.hint


@pytest.mark.parametrize(
    "names",
    [
        ("train-00000-of-00001", "train-00000-of-00002", "train-00001-of-00002"),
        ("train-00000-of-00001-1a2b", "train-00000-of-00001-3c4d"),
        ("train", "train-00000-of-00001"),
    ],
)
def test_two_sets_of_one_name_are_not_pooled(names: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match="of two sets: images would count twice"):
        check(*names)


@pytest.mark.parametrize(
    "names",
    [
        ("part-0", "part-1", "part-10"),
        ("part.0", "part.1"),
        ("train-00000-of-00002-1a2b3c4d5e6f7a8b", "train-00001-of-00002-abcdefabcdefabcd"),
        (
            "part-00000-3f1c9e2a-1b2c-4d5e-8f90-abcdef012345-c000.snappy",
            "part-00001-0A1B2C3D-FFFF-4D5E-8F90-012345ABCDEF-c000.snappy",
        ),
        ("fake",),
    ],
)
def test_names_that_differ_in_numbers_and_hashes_are_parts_of_one_set(
    names: tuple[str, ...],
) -> None:
    paths = [FOLDER / f"{name}.parquet" for name in names]
    check_one_set(paths)
    # of which another file is none
    with pytest.raises(DataError, match="another set"):
        check_one_set([*paths, FOLDER / "another set.parquet"])


def test_no_file_and_one_file_are_told_without_a_word() -> None:
    check_one_set([])
    assert pooled_note([]) == pooled_note([FOLDER / "fake.parquet"]) == ()


@pytest.mark.parametrize("names", [("fake", "real"), ("fake-0", "real-0"), ("data (1)", "data")])
def test_files_of_other_names_are_not_pooled(names: tuple[str, ...]) -> None:
    with pytest.raises(DataError) as caught:
        check_one_set([FOLDER / f"{name}.tar" for name in names])
    assert f"{names[0]}.tar and {names[1]}.tar beside it" in caught.value.message
    assert f"Give one of them itself (set/{names[0]}.tar)" in caught.value.hint
    assert "part-1.tar" in caught.value.hint


def test_what_is_pooled_is_told_unless_the_names_tell_it() -> None:
    def note(*names: str) -> tuple[str, ...]:
        return pooled_note([FOLDER / f"{name}.tar" for name in names])

    assert note("s-0", "s-1") == ("read as one set: 2 files: s-0.tar, s-1.tar",)
    assert note("s-0", "s-1", "s-2") == ("read as one set: 3 files: s-0.tar, …, s-2.tar",)
    assert note("s-0") == note("s-0-of-2", "s-1-of-2") == ()
