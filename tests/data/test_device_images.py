"""Splits on a device: what is chosen of them."""

from __future__ import annotations

import pytest
import torch

from regene_bench.data.device_images import DeviceImages


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
