"""Arrays in .npz, and tensors, by their names: what could be meant twice is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from regene_bench.base.errors import DataError
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.read import read_samples
from tests.data.builders import pixels

SHAPE = ImageShape(1, 6, 5, 3)
NAMES = ("cat", "dog", "owl")
IMAGES = pixels(4)[:, 0]
LABELS = np.array([2, 0, 1, 1])


def write(place: Path, suffix: str, arrays: dict[str, Any]) -> Path:
    path = place / f"a{suffix}"
    if suffix == ".npz":
        np.savez(path, **arrays)
    else:
        tensors = {
            name: values if isinstance(values, list) else torch.from_numpy(values)
            for name, values in arrays.items()
        }
        torch.save(tensors, path)
    return path


def labels_of(path: Path, names: tuple[str, ...] = NAMES, **options: Any) -> list[int] | None:
    samples = read_samples(path, SHAPE, names, **options)
    np.testing.assert_array_equal(samples.images[:, 0], IMAGES)
    return None if samples.labels is None else samples.labels.tolist()


def failure(path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        read_samples(path, SHAPE, NAMES)
    return caught.value


both = pytest.mark.parametrize("suffix", [".npz", ".pt"])


@both
@pytest.mark.parametrize("other", ["samples", "fake", "generated", "x", "arr_0"])
def test_two_arrays_of_images_are_not_chosen_from(tmp_path: Path, suffix: str, other: str) -> None:
    path = write(tmp_path, suffix, {"images": IMAGES, other: IMAGES[:2], "labels": LABELS})
    error = failure(path)
    assert f"images [4, 6, 5], {other} [2, 6, 5]" in error.message
    assert "only the images that are meant" in error.hint


@both
@pytest.mark.parametrize("name", ["images", "fake", "arr_0", "mine"])
@pytest.mark.parametrize("label", ["labels", "arr_1", "class"])
def test_one_array_of_images(tmp_path: Path, suffix: str, name: str, label: str) -> None:
    path = write(tmp_path, suffix, {name: IMAGES, label: LABELS})
    assert labels_of(path) == LABELS.tolist()


@both
def test_labels_under_two_names_must_agree(tmp_path: Path, suffix: str) -> None:
    arrays = {"images": IMAGES, "labels": LABELS, "y": LABELS[:, None]}
    assert labels_of(write(tmp_path, suffix, arrays)) == LABELS.tolist()
    path = write(tmp_path, suffix, arrays | {"y": LABELS * 0})
    error = failure(path)
    assert "labels and y differ" in error.message
    assert "--labels labels" in error.hint
    assert labels_of(path, labels="labels") == LABELS.tolist()
    assert labels_of(path, labels="y") == [0, 0, 0, 0]
    assert labels_of(path, labels="none") is None


@both
@pytest.mark.parametrize("title", ["class_names", "classes"])
def test_integers_are_places_in_the_files_own_list(tmp_path: Path, suffix: str, title: str) -> None:
    arrays: dict[str, Any] = {"images": IMAGES, "labels": LABELS, title: ["owl", "dog", "cat"]}
    assert labels_of(write(tmp_path, suffix, arrays)) == [0, 2, 1, 1]
    path = write(tmp_path, suffix, arrays | {title: ["2", "1", "0"]})
    assert labels_of(path, ("0", "1", "2")) == [0, 2, 1, 1]
    assert "'fish'" in str(failure(write(tmp_path, suffix, arrays | {title: ["a", "dog", "fish"]})))
    # as many words as images, and some of them equal: no list
    arrays[title] = ["owl", "cat", "dog", "dog"]
    assert labels_of(write(tmp_path, suffix, arrays)) == LABELS.tolist()
