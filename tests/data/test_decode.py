"""Encoded images become uint8 pixels of the benchmark's shape, or an error that names them."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from regene_bench.base.errors import DataError
from regene_bench.data.decode import DecodeOptions, decode_images, decode_into, fit_images
from regene_bench.data.shapes import ImageShape

from .builders import GREY, RGB, as_picture, encode, pixels


@pytest.mark.parametrize(("shape", "channels"), [(GREY, 1), (RGB, 3)])
def test_an_image_of_the_right_size_keeps_every_pixel(shape: ImageShape, channels: int) -> None:
    images = pixels(7, channels)
    decoded = decode_images([encode(image) for image in images], shape)
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, images)


def test_files_and_bytes_decode_alike(tmp_path: Path) -> None:
    images = pixels(3)
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for path, image in zip(paths, images, strict=True):
        path.write_bytes(encode(image))
    np.testing.assert_array_equal(decode_images(paths, GREY), images)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_number_of_threads_does_not_matter(workers: int) -> None:
    images = pixels(600)
    decoded = decode_images([encode(image) for image in images], GREY, workers=workers)
    np.testing.assert_array_equal(decoded, images)


def test_grey_becomes_rgb_and_rgb_becomes_grey() -> None:
    grey, colour = pixels(1)[0], pixels(1, 3)[0]
    as_rgb = decode_images([encode(grey)], RGB)[0]
    np.testing.assert_array_equal(as_rgb, np.repeat(grey, 3, axis=0))
    as_grey = decode_images([encode(colour)], GREY)[0].astype(float)
    luma = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
    np.testing.assert_allclose(as_grey[0], luma, atol=1)


def test_the_centre_is_cropped_before_resizing() -> None:
    image = np.zeros((1, 20, 30), dtype=np.uint8)
    image[:, 5:15, 10:20] = 200
    shape = ImageShape(1, 5, 5, 2)
    cropped = decode_images([encode(image)], shape, DecodeOptions(center_crop=10))
    assert (cropped == 200).all()
    whole = decode_images([encode(image)], shape)
    assert whole.min() == 0


def test_shrinking_is_antialiased() -> None:
    stripes = np.zeros((1, 64, 64), dtype=np.uint8)
    stripes[:, :, ::2] = 255
    small = decode_images([encode(stripes)], ImageShape(1, 8, 8, 2))
    assert np.abs(small.astype(int) - 128).max() < 20


def test_transparency_lies_on_white() -> None:
    layer = Image.new("RGBA", (5, 6), (255, 0, 0, 0))
    buffer = io.BytesIO()
    layer.save(buffer, "PNG")
    assert (decode_images([buffer.getvalue()], RGB) == 255).all()


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    wide = np.full((6, 5), 0x8080, dtype=np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(wide).save(buffer, "PNG")
    assert (decode_images([buffer.getvalue()], GREY) == 0x80).all()


def test_an_image_is_turned_as_its_exif_says() -> None:
    image = pixels(1, height=5, width=6)[0]
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90° clockwise
    buffer = io.BytesIO()
    as_picture(image).save(buffer, "PNG", exif=exif)
    turned = decode_images([buffer.getvalue()], GREY)[0]
    np.testing.assert_array_equal(turned[0], np.rot90(image[0], -1))


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "missing"])
def test_a_damaged_file_is_named(tmp_path: Path, damage: str) -> None:
    content = encode(pixels(1, 3, 64, 64)[0])
    bad = tmp_path / "bad image.png"
    kinds = {"truncated": content[: len(content) // 2], "empty": b"", "text": b"not an image"}
    if damage != "missing":
        bad.write_bytes(kinds[damage])
    good = tmp_path / "good.png"
    good.write_bytes(content)
    with pytest.raises(DataError, match=r"bad image\.png"):
        decode_images([good, bad, good], RGB)


def test_damaged_bytes_are_named_by_the_caller() -> None:
    with pytest.raises(DataError, match="row 1 of x"):
        decode_images([encode(pixels(1)[0]), b"?"], GREY, name_of=lambda i: f"row {i} of x")


def test_an_image_smaller_than_the_crop_is_an_error() -> None:
    with pytest.raises(DataError, match=r"5×6 pixels, smaller than center_crop = 10"):
        decode_images([encode(pixels(1)[0])], GREY, DecodeOptions(center_crop=10))


def test_formats_that_run_programs_are_refused() -> None:
    with pytest.raises(DataError, match="not an image of a known format"):
        decode_images([b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 5 6\n"], GREY)


@pytest.mark.parametrize("workers", [1, 3])
def test_progress_counts_up_to_all_images(workers: int) -> None:
    seen: list[tuple[int, int]] = []
    items = [encode(image) for image in pixels(600)]
    decode_images(items, GREY, progress=lambda *event: seen.append(event), workers=workers)
    assert seen == sorted(seen)
    assert seen[-1] == (600, 600)


def test_two_channels_are_refused() -> None:
    with pytest.raises(DataError, match="2 channels"):
        decode_images([encode(pixels(1)[0])], ImageShape(2, 6, 5, 3))


def test_raw_pixels_take_the_same_steps_as_files() -> None:
    images = pixels(4, 3, 20, 24)
    options = DecodeOptions(center_crop=16)
    from_files = decode_images([encode(image) for image in images], GREY, options)
    np.testing.assert_array_equal(fit_images(images, GREY, options), from_files)


def test_raw_pixels_of_the_right_shape_are_not_copied() -> None:
    images = pixels(4)
    assert fit_images(images, GREY, DecodeOptions()) is images


def transparent_images() -> dict[str, Image.Image]:
    """Two pixels each, by how the second is made transparent, if it is."""
    grey = Image.fromarray(np.array([[10, 20]], np.uint8))
    palette = grey.convert("P")
    palette.putpalette([10, 10, 10, 20, 20, 20])
    palette.putdata([0, 1])
    opaque = grey.convert("RGBA")
    clear = opaque.copy()
    clear.putpixel((1, 0), (20, 20, 20, 0))
    named = palette.copy()
    named.info["transparency"] = 1
    unused = palette.copy()
    unused.info["transparency"] = 7
    return {"grey": grey, "opaque": opaque, "unused": unused, "clear": clear, "named": named}


def test_transparent_pixels_are_white_and_the_caller_is_told_which_images_have_some() -> None:
    items = []
    for image in transparent_images().values():
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        items.append(buffer.getvalue())
    out, seen = np.zeros((5, 1, 1, 2), np.uint8), np.zeros(5, bool)
    decode_into(out, np.arange(5), items, DecodeOptions(), seen_through=seen)
    assert out[:, 0, 0].tolist() == [[10, 20]] * 3 + [[10, 255]] * 2
    assert seen.tolist() == [False] * 3 + [True] * 2


def test_what_cannot_be_decoded_is_left_out_where_that_is_asked_for() -> None:
    items = [encode(pixels(1)[0]), b"", encode(pixels(1, seed=1)[0])]
    out, told = np.full((3, 1, 6, 5), 7, np.uint8), list[tuple[int, str]]()
    decode_into(
        out, np.arange(3), items, DecodeOptions(), left_out=lambda i, why: told.append((i, why))
    )
    np.testing.assert_array_equal(out[[0, 2]], np.concatenate([pixels(1), pixels(1, seed=1)]))
    assert (out[1] == 7).all()
    ((number, reason),) = told
    assert number == 1
    assert "no bytes" in reason


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs")
def test_a_fifo_is_named_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"a\.png: it is a FIFO, not a file"):
        decode_images([tmp_path / "a.png"], GREY)
