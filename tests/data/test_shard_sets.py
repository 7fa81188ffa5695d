"""Numbered files of one split: complete, or refused with what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from regene_bench.base.errors import DataError
from regene_bench.data.shard_sets import check_shards

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
