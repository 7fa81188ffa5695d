"""Splits on a device: what is chosen of them."""

from __future__ import annotations

import pytest
import torch

from regene_bench.data.device_images import DeviceImages, SelectedImages


@pytest.mark.parametrize(
    ("n", "most", "chosen"),
    [
        (10, 10, list(range(10))),
        (10, 5, [0, 2, 4, 6, 8]),
        (10, 4, [0, 3, 6, 9]),
        (11, 10, [0, 2, 4, 6, 8, 10]),
        (10, 1, [0]),
        (3, 9, [0, 1, 2]),
        (0, 4, []),
    ],
)
def test_every_kth_image_has_the_smallest_step_that_leaves_few_enough(
    n: int, most: int, chosen: list[int]
) -> None:
    pixels = torch.arange(n, dtype=torch.uint8).view(n, 1, 1, 1)
    part = DeviceImages(pixels, torch.arange(n) + 100).every_kth(most)
    assert part.images.flatten().tolist() == chosen
    assert part.labels.tolist() == [100 + i for i in chosen]


@pytest.mark.parametrize(("n", "most", "kept"), [(10, 10, 10), (10, 4, 4), (11, 10, 6), (3, 9, 3)])
def test_images_are_chosen_evenly(n: int, most: int, kept: int) -> None:
    split = DeviceImages(torch.arange(n).view(n, 1, 1, 1), torch.arange(n))
    chosen = split.every_kth(most).labels
    assert len(chosen) == kept <= most
    assert len(set(chosen.diff().tolist())) <= 1


def test_selected_images_are_those_of_a_subset_that_was_copied() -> None:
    pixels = torch.arange(40, dtype=torch.uint8).view(10, 1, 2, 2)
    whole, rows = DeviceImages(pixels, torch.arange(10) % 3), torch.tensor([1, 4, 7, 9])
    selected, copied = SelectedImages(whole, 4, lambda: rows), whole.subset(rows)
    assert len(selected) == len(copied) == 4
    assert selected.device == copied.device
    assert torch.equal(selected.images, copied.images)
    assert torch.equal(selected.labels, copied.labels)
    assert torch.equal(selected.of_class(1), copied.of_class(1))
    few = torch.tensor([3, 0])
    assert torch.equal(selected.batch(few), copied.batch(few))
    assert torch.equal(selected.subset(few).images, copied.subset(few).images)
    assert torch.equal(selected.every_kth(2).labels, copied.every_kth(2).labels)
    for mine, theirs in zip(selected.chunks(3), copied.chunks(3), strict=True):
        assert all(map(torch.equal, mine, theirs))


def test_selected_images_are_not_looked_for_before_one_is_wanted() -> None:
    def never() -> torch.Tensor:
        raise AssertionError("nobody wanted an image")

    whole = DeviceImages(torch.zeros(10, 1, 2, 2, dtype=torch.uint8), torch.zeros(10).long())
    assert len(SelectedImages(whole, 4, never)) == 4
