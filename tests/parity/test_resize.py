"""Resizing is Pillow's, as clean-fid calls it: in floating point, one channel at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from regene_bench_plugins.extractors.preprocess import antialiased_square, bicubic_square
from torch import Tensor

# Of the range [0, 255], on white noise, the worst case; what is seen is under a millionth.
TOLERANCE = 1e-5 * 255
SIDES = [8, 28, 32, 64, 128, 400]


def noise(channels: int, height: int, width: int) -> Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.integers(0, 256, (2, channels, height, width), dtype=np.uint8))


def clean_fid(images: Tensor, size: int) -> Tensor:
    """What clean-fid feeds its network with; it turns grey images into RGB as it opens them."""
    resizing = pytest.importorskip("cleanfid.resize")
    resize: Callable[[np.ndarray], np.ndarray] = resizing.make_resizer(
        "PIL", False, "bicubic", (size, size)
    )
    resized = [resize(image.movedim(0, -1).numpy()) for image in images.expand(-1, 3, -1, -1)]
    return torch.from_numpy(np.stack(resized)).movedim(-1, 1)


def error(found: Tensor, expected: Tensor) -> float:
    assert found.shape == expected.shape
    assert found.dtype == torch.float32
    return float((found - expected).abs().max())


@pytest.mark.parametrize("size", [224, 299])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", SIDES)
def test_bicubic_squares_are_clean_fids(side: int, channels: int, size: int) -> None:
    images = noise(channels, side, side)
    assert error(bicubic_square(images, size), clean_fid(images, size)) < TOLERANCE


@pytest.mark.parametrize(("height", "width"), [(300, 200), (20, 33), (299, 100)])
def test_other_shapes_become_squares_as_clean_fids_do(height: int, width: int) -> None:
    images = noise(3, height, width)
    assert error(bicubic_square(images, 299), clean_fid(images, 299)) < TOLERANCE


@pytest.mark.parametrize("side", SIDES)
def test_the_bilinear_kernel_is_pillows(side: int) -> None:
    images = noise(1, side, side)
    found = antialiased_square(images, 224, "bilinear")
    for image, ours in zip(images, found, strict=True):
        picture = Image.fromarray(image[0].numpy().astype(np.float32))
        theirs = np.asarray(picture.resize((224, 224), Image.Resampling.BILINEAR))
        assert error(ours, torch.from_numpy(theirs.copy()).expand(3, -1, -1)) < TOLERANCE


def test_images_of_the_right_size_are_left_as_they_are() -> None:
    images = noise(3, 224, 224)
    assert torch.equal(bicubic_square(images, 224), images.float())


def test_a_constant_image_stays_constant() -> None:
    images = torch.full((1, 3, 37, 37), 255, dtype=torch.uint8)
    assert error(bicubic_square(images, 224), torch.full((1, 3, 224, 224), 255.0)) < TOLERANCE


def test_overshoot_is_clipped() -> None:
    images = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    images[..., 4:] = 255
    found = bicubic_square(images, 64)
    assert (float(found.min()), float(found.max())) == (0.0, 255.0)
