"""SSIM of each pair agrees with another implementation of the same convention."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from regene_bench.evaluation.similarity import ssim_each
from regene_bench.training.losses import ssim


def pictures(n: int, seed: int, channels: int = 3, side: int = 32) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    # Blocks of equal pixels: pure noise has next to no structure to compare.
    coarse = torch.randint(0, 256, (n, channels, side // 4, side // 4), generator=generator)
    return coarse.repeat_interleave(4, 2).repeat_interleave(4, 3).to(torch.uint8)


def distorted(images: Tensor, strength: float) -> Tensor:
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(9)) * strength
    return (images.float() + noise).clamp(0, 255).round().to(torch.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_it_is_torchmetrics_ssim_where_windows_lie_inside_the_image(channels: int) -> None:
    functional = pytest.importorskip("torchmetrics.functional.image")
    images = pictures(40, seed=0, channels=channels)
    targets = distorted(images, 30.0)
    # torchmetrics 1.9 averages over windows that reach into a reflected margin of 5 pixels too;
    # Wang et al. and scikit-image do not.
    _, full = functional.structural_similarity_index_measure(
        images.double() / 255,
        targets.double() / 255,
        data_range=1.0,
        reduction="none",
        return_full_image=True,
    )
    expected = full[:, :, 5:-5, 5:-5].mean(dim=(1, 2, 3))
    torch.testing.assert_close(ssim_each(images, targets), expected, rtol=0, atol=2e-6)


def test_it_is_the_training_loss_taken_image_by_image() -> None:
    images, targets = pictures(600, seed=1), pictures(600, seed=2)
    found = ssim_each(images, targets)
    assert found.shape == (600,)
    for i in (0, 300, 599):
        one = ssim(images[i : i + 1] / 255.0, targets[i : i + 1] / 255.0)
        assert float(found[i]) == pytest.approx(float(one), abs=1e-6)


def test_equal_images_have_one_and_noise_takes_from_it() -> None:
    images = pictures(30, seed=3)
    assert ssim_each(images, images).sub(1).abs().max() < 1e-6
    means = [float(ssim_each(images, distorted(images, s)).mean()) for s in (5.0, 20.0, 80.0)]
    assert means[0] > means[1] > means[2]


def test_images_smaller_than_the_window_and_no_images() -> None:
    small = torch.randint(0, 256, (5, 1, 8, 8), dtype=torch.uint8)
    assert ssim_each(small, small).sub(1).abs().max() < 1e-6
    assert ssim_each(small[:0], small[:0]).shape == (0,)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        ssim_each(pictures(2, 0), pictures(3, 0))
