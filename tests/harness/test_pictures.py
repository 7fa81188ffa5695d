"""The sample grid: one class a row, small images enlarged without smoothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from regene_bench.harness.pictures import (
    first_of_each_class,
    paired_grid,
    sample_grid,
    save_picture,
)

COLUMNS = 10


def samples(labels: list[int], side: int = 8, channels: int = 1) -> torch.Tensor:
    """Images whose value is ten times their label."""
    values = torch.tensor(labels, dtype=torch.uint8) * 10
    return values[:, None, None, None].expand(-1, channels, side, side).clone()


@pytest.mark.parametrize(("side", "scale"), [(8, 4), (16, 2), (28, 1), (32, 1), (64, 1), (128, 1)])
def test_the_size_is_that_of_rows_and_columns(side: int, scale: int) -> None:
    labels = [0] * 12 + [1] * 3 + [4] * 10
    picture = sample_grid(samples(labels, side), torch.tensor(labels))
    assert picture.size == (COLUMNS * (side + 2) * scale, 3 * (side + 2) * scale)


def test_every_row_is_one_class_and_what_is_missing_is_white() -> None:
    labels = [2, 0, 5, 0, 2, 0, 5, 2]
    grid = np.asarray(sample_grid(samples(labels, 32), torch.tensor(labels)))
    for row, (label, count) in enumerate([(0, 3), (2, 3), (5, 2)]):
        for column in range(COLUMNS):
            cell = grid[row * 34 + 1 : row * 34 + 33, column * 34 + 1 : column * 34 + 33]
            assert np.unique(cell).tolist() == [label * 10 if column < count else 255]


def test_enlarging_repeats_pixels() -> None:
    image = torch.arange(64, dtype=torch.uint8).reshape(1, 1, 8, 8)
    grid = np.asarray(sample_grid(image, torch.tensor([0])))
    cell = grid[4:36, 4:36]
    assert np.array_equal(cell, np.kron(image[0, 0].numpy(), np.ones((4, 4), np.uint8)))


def test_colours_stay_colours() -> None:
    image = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    image[0, 1] = 200
    picture = sample_grid(image, torch.tensor([0]))
    assert picture.mode == "RGB"
    assert picture.getpixel((10, 10)) == (0, 200, 0)


def test_many_classes_are_cut_to_sixteen_rows() -> None:
    labels = list(range(40))
    assert sample_grid(samples(labels, 32), torch.tensor(labels)).height == 16 * 34


def test_images_that_are_not_square() -> None:
    images = torch.zeros(3, 1, 10, 40, dtype=torch.uint8)
    assert sample_grid(images, torch.tensor([0, 1, 1])).size == (COLUMNS * 42, 2 * 12)


def test_a_reconstruction_stands_beside_its_original() -> None:
    labels = torch.tensor([0, 1, 1])
    originals = samples([3, 4, 5], 32)
    grid = np.asarray(paired_grid(originals, originals + 100, labels))
    assert grid.shape == (2 * 34, 10 * 34)
    values = [[int(grid[34 * row + 5, 34 * column + 5]) for column in range(5)] for row in (0, 1)]
    assert values == [[30, 130, 255, 255, 255], [40, 140, 50, 150, 255]]


def test_the_first_of_each_class_that_is_shown() -> None:
    assert first_of_each_class(torch.tensor([2, 0, 2, 2, 0]), 2).tolist() == [1, 4, 0, 2]
    assert len(first_of_each_class(torch.arange(40), 5)) == 16


def test_a_picture_is_saved_as_png_in_a_new_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "samples.png"
    save_picture(sample_grid(samples([0, 1]), torch.tensor([0, 1])), path)
    assert path.read_bytes().startswith(b"\x89PNG\r\n")
    assert [p.name for p in path.parent.iterdir()] == ["samples.png"]
