"""Labels from a file beside the images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regene_bench.base.errors import RegeneBenchError
from regene_bench.samples.read import read_samples
from tests.data.builders import GREY, as_picture, pixels

NAMES = ("cat", "dog", "owl")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "samples"
    place.mkdir()
    for i, image in enumerate(pixels(3)):
        as_picture(image).save(place / f"{i}.png")
    return place


def read(folder: Path, name: str, text: str = "") -> list[int]:
    path = folder.parent / name
    if text:
        path.write_text(text)
    labels = read_samples(folder, GREY, NAMES, labels=str(path)).labels
    assert labels is not None
    return [int(label) for label in labels]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "owl\ncat\ndog\n"),
        ("a.txt", "2\n0\n1"),
        ("a.csv", "file,label\n1.png,cat\n0.png,owl\n2.png,dog\n"),
        ("a.csv", "0.png,2\n1.png,0\n2.png,1\n"),
    ],
)
def test_text_and_tables(folder: Path, name: str, text: str) -> None:
    assert read(folder, name, text) == [2, 0, 1]


def test_npy(folder: Path) -> None:
    np.save(folder.parent / "a.npy", np.array([2, 0, 1]))
    assert read(folder, "a.npy") == [2, 0, 1]


@pytest.mark.parametrize("name", ["a.txt", "a.npy"])
def test_an_order_that_can_be_mistaken_is_refused(folder: Path, name: str) -> None:
    (folder / "1.png").rename(folder / "10.png")
    np.save(folder.parent / "a.npy", np.array([2, 0, 1]))
    (folder.parent / "a.txt").write_text("2\n0\n1")
    with pytest.raises(RegeneBenchError, match="differently as text and as numbers"):
        read(folder, name)
    assert read(folder, "a.csv", "0.png,2\n2.png,0\n10.png,1\n") == [2, 1, 0]


def test_they_count_more_than_folders(folder: Path) -> None:
    (folder / "cat").mkdir()
    for path in folder.glob("*.png"):
        path.rename(folder / "cat" / path.name)
    assert read(folder, "a.csv", "0.png,owl\n1.png,cat\ncat/2.png,dog\n") == [2, 0, 1]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.txt", "owl\ncat\n", "2 labels for 3 images"),
        ("a.txt", "owl\ncat\ncow\n", "'cow'"),
        ("a.csv", "0.png,owl\n1.png,cat\n", "no label for the image 2.png"),
        ("a.csv", "0.png\n", "needs a name and a label"),
        ("a.npy", "no array", "Cannot read the labels"),
        ("nowhere.txt", "", "There is no file"),
        ("column", "", "There is no file"),
    ],
)
def test_what_does_not_fit_is_named(folder: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(RegeneBenchError) as caught:
        read(folder, name, text)
    assert words in str(caught.value)


def test_arrays_have_no_names_to_go_by(tmp_path: Path) -> None:
    np.save(tmp_path / "samples.npy", pixels(2))
    (tmp_path / "a.csv").write_text("0.png,cat\n1.png,dog\n")
    with pytest.raises(RegeneBenchError, match="by name"):
        read_samples(tmp_path / "samples.npy", GREY, NAMES, labels=str(tmp_path / "a.csv"))
