"""Images that were changed on their way to pixels say so: transparency, lossy compression."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from regene_bench.samples.headers import read_header
from regene_bench.samples.read import read_samples
from tests.data.builders import GREY, RGB, as_picture, pixels

NAMES = ("cat", "dog", "owl")
LOSSLESS: list[tuple[str, dict[str, Any]]] = [
    ("png", {}),
    ("bmp", {}),
    ("gif", {}),
    ("ppm", {}),
    ("tiff", {"compression": "tiff_lzw"}),
    ("webp", {"lossless": True}),
    ("webp", {"lossless": True, "exif": Image.Exif().tobytes()}),
]
LOSSY: list[tuple[str, dict[str, Any], str]] = [
    ("jpg", {"quality": 95}, "JPEG"),
    ("webp", {"quality": 90}, "WebP"),
    ("webp", {"quality": 90, "icc_profile": b"profile!"}, "WebP"),
    ("tiff", {"compression": "jpeg"}, "JPEG in TIFF"),
]


@pytest.mark.parametrize(("suffix", "options"), LOSSLESS)
def test_lossless_files_have_no_note(tmp_path: Path, suffix: str, options: dict[str, Any]) -> None:
    for i, image in enumerate(pixels(2, 3)):
        as_picture(image).save(tmp_path / f"{i}.{suffix}", **options)
    assert read_samples(tmp_path, RGB, NAMES).notes == ()


@pytest.mark.parametrize(("suffix", "options", "word"), LOSSY)
def test_lossy_files_are_counted(
    tmp_path: Path, suffix: str, options: dict[str, Any], word: str
) -> None:
    images = pixels(3, 3)
    for i, image in enumerate(images):
        as_picture(image).save(tmp_path / f"{i}.{suffix}", **options)
    (note,) = read_samples(tmp_path, RGB, NAMES).notes
    assert note == (
        f"all 3 images have gone through lossy compression ({word}): that moves distances"
    )
    as_picture(images[0]).save(tmp_path / "a.png")
    as_picture(images[0]).save(tmp_path / "b.jpg")
    (note,) = read_samples(tmp_path, RGB, NAMES).notes
    kinds = ", ".join(sorted({word, "JPEG"}))
    assert note.startswith(f"4 of 5 images have gone through lossy compression ({kinds})")


@pytest.mark.parametrize(("lossy", "word"), [(False, ""), (True, "JPEG 2000")])
@pytest.mark.parametrize("suffix", ["jp2", "j2k"])
def test_jpeg_2000_says_by_its_wavelet_whether_it_is_exact(
    tmp_path: Path, suffix: str, lossy: bool, word: str
) -> None:
    as_picture(pixels(1, 3, 32, 32)[0]).save(tmp_path / f"a.{suffix}", irreversible=lossy)
    assert read_header(tmp_path / f"a.{suffix}").lossy == word


@pytest.mark.skipif(not features.check("webp"), reason="this Pillow knows no WebP")
@pytest.mark.parametrize(("lossless", "word"), [(True, ""), (False, "WebP")])
def test_an_animation_is_as_lossy_as_its_first_frame(
    tmp_path: Path, lossless: bool, word: str
) -> None:
    frames = [as_picture(image) for image in pixels(3, 3, 16, 16)]
    path = tmp_path / "a.webp"
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=lossless)
    assert read_header(path).lossy == word
    assert read_header(path.read_bytes()).lossy == word


def test_transparent_images_are_counted_whatever_makes_them_so(tmp_path: Path) -> None:
    whole = Image.new("RGBA", (5, 6), (9, 9, 9, 255))
    whole.save(tmp_path / "0.png")
    hole = whole.copy()
    hole.putpixel((2, 2), (9, 9, 9, 0))
    hole.save(tmp_path / "1.png")
    palette = Image.new("P", (5, 6), 1)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    palette.putpixel((0, 0), 0)
    palette.save(tmp_path / "2.png", transparency=0)
    palette.save(tmp_path / "3.gif", transparency=0)
    samples = read_samples(tmp_path, RGB, NAMES)
    (note,) = samples.notes
    assert note == "3 of 4 images have transparent pixels, laid on white: that moves distances"
    assert samples.images.max(axis=(1, 2, 3)).tolist() == [9, 255, 255, 255]
    # the same among greys
    assert read_samples(tmp_path, GREY, NAMES).notes == samples.notes


def test_a_single_image_is_one(tmp_path: Path) -> None:
    for i in range(2):
        Image.new("LA", (5, 6), (9, 255 * i)).save(tmp_path / f"{i}.png")
    (note,) = read_samples(tmp_path, GREY, NAMES).notes
    assert note.startswith("1 of 2 images has transparent pixels")
    np.testing.assert_array_equal(read_samples(tmp_path, GREY, NAMES).images[0], 255)
