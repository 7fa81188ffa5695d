"""Encoded images (PNG, JPEG, …) and raw arrays to uint8 pixels of one shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from PIL import Image, ImageOps

from regene_bench.base.errors import DataError
from regene_bench.data.opened import Encoded, ProgressFn, each_image, open_image, reason_of
from regene_bench.data.shapes import ImageShape

__all__ = [
    "DecodeOptions",
    "Encoded",
    "ProgressFn",
    "decode_images",
    "decode_into",
    "fit_images",
    "open_image",
    "pixels_of",
    "reason_of",
]


@dataclass(frozen=True)
class DecodeOptions:
    """What happens to an image between its file and the benchmark's shape.

    Attributes:
        center_crop: Side in pixels of the central square that is cut out before resizing.
    """

    center_crop: int | None = None


def decode_images(
    items: Sequence[Encoded],
    shape: ImageShape,
    options: DecodeOptions = DecodeOptions(),
    *,
    name_of: Callable[[int], str] | None = None,
    progress: ProgressFn | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Decode images to one array.

    Each image is turned as its EXIF says, laid on white where it is transparent, cropped
    (``options.center_crop``), converted to grey or RGB, and resized to ``shape`` by antialiased
    bicubic interpolation without regard to its aspect ratio; an image that has the right size
    already is not resampled.

    Args:
        items: Files or their bytes.
        shape: Wanted shape; 1 channel is grey, 3 are RGB.
        options: Crop.
        name_of: Names item ``i`` in error messages; by default its path, or its number.
        progress: Told how many images are done.
        workers: Threads; by default one a CPU core that this process may use, or one in all where
            the images are so small that threads would only wait for each other.

    Returns:
        uint8 ``[N, C, H, W]`` in 0..255.

    Raises:
        DataError: An image is corrupt, truncated, missing or smaller than the crop; it is named.
    """
    out = np.empty((len(items), shape.channels, shape.height, shape.width), dtype=np.uint8)
    positions = np.arange(len(items))
    decode_into(out, positions, items, options, name_of=name_of, progress=progress, workers=workers)
    return out


def decode_into(
    out: np.ndarray,
    positions: np.ndarray,
    items: Sequence[Encoded],
    options: DecodeOptions,
    *,
    name_of: Callable[[int], str] | None = None,
    progress: ProgressFn | None = None,
    workers: int | None = None,
    seen_through: np.ndarray | None = None,
    left_out: Callable[[int, str], None] | None = None,
) -> None:
    """Decode ``items[i]`` into ``out[positions[i]]``; see ``decode_images``.

    Args:
        out: uint8 ``[M, C, H, W]``, written in place.
        positions: int64 ``[N]``, distinct values in [0, M).
        items: N files or their bytes.
        options: Crop.
        name_of: Names item ``i`` in error messages.
        progress: Told how many of the N are done.
        workers: Threads.
        seen_through: bool ``[N]``, set to True where an image had transparent pixels, through which
            the white shows now.
        left_out: Told the number of an item that cannot be decoded and why, from any thread; its
            place in ``out`` stays as it was. Without it such an item is an error.

    Raises:
        DataError: An image cannot be decoded; it is named.
    """
    _, channels, height, width = out.shape
    shape = ImageShape(channels, height, width, 0)
    _mode(channels)

    def work(i: int, image: Image.Image) -> None:
        out[positions[i]], transparent = pixels_of(image, shape, options)
        if seen_through is not None:
            seen_through[i] = transparent

    each_image(items, work, name_of=name_of, progress=progress, workers=workers, left_out=left_out)


def fit_images(images: np.ndarray, shape: ImageShape, options: DecodeOptions) -> np.ndarray:
    """Bring raw pixels to a shape by the same steps as ``decode_images``.

    Args:
        images: uint8 ``[N, C, H, W]`` with C of 1 or 3.
        shape: Wanted shape.
        options: Crop.

    Returns:
        uint8 ``[N, shape.channels, shape.height, shape.width]``; the same array if nothing is to
        be done.
    """
    wanted = (shape.channels, shape.height, shape.width)
    if images.shape[1:] == wanted and options.center_crop is None:
        return images
    mode = _mode(shape.channels)
    out = np.empty((len(images), *wanted), dtype=np.uint8)
    for i, pixels in enumerate(images):
        image = Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))
        out[i], _ = _fit(image, mode, shape.height, shape.width, options)
    return out


def pixels_of(
    image: Image.Image, shape: ImageShape, options: DecodeOptions = DecodeOptions()
) -> tuple[np.ndarray, bool]:
    """Decode one opened image by the steps of ``decode_images``.

    Returns:
        uint8 ``[C, H, W]``, and whether it had transparent pixels, through which white shows now.

    Raises:
        Exception: Of many types, on damaged input.
    """
    image.load()
    upright = ImageOps.exif_transpose(image) if "exif" in image.info else image
    return _fit(upright, _mode(shape.channels), shape.height, shape.width, options)


def _fit(
    image: Image.Image, mode: str, height: int, width: int, options: DecodeOptions
) -> tuple[np.ndarray, bool]:
    """Crop, convert and resize; tell also whether white was laid under transparent pixels."""
    if options.center_crop is not None:
        image = _center_crop(image, options.center_crop)
    image, transparent = _convert(image, mode)
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    pixels = np.asarray(image)
    return pixels[None] if mode == "L" else pixels.transpose(2, 0, 1), transparent


def _center_crop(image: Image.Image, side: int) -> Image.Image:
    width, height = image.size
    if min(width, height) < side:
        raise ValueError(f"it is {width}×{height} pixels, smaller than center_crop = {side}")
    left, top = (width - side) // 2, (height - side) // 2
    return image.crop((left, top, left + side, top + side))


def _convert(image: Image.Image, mode: str) -> tuple[Image.Image, bool]:
    if image.mode == mode and "transparency" not in image.info:
        return image, False
    transparent = False
    if image.mode.startswith("I;16"):
        # Pillow clips 16 bits at 255 instead of scaling them
        wide = np.asarray(image).astype(np.uint32)
        image = Image.fromarray(((wide + 128) // 257).astype(np.uint8))
    elif image.mode in ("I", "F"):
        raise ValueError(f"it has 32-bit pixels; {_way_to_8_bits(image)}")
    elif "transparency" in image.info or image.mode.lower() in ("rgba", "la", "pa"):
        layer = image.convert("RGBA")
        lowest, _ = layer.getchannel("A").getextrema()
        transparent = cast("int", lowest) < 255
        image = Image.new("RGBA", image.size, "white")
        image.alpha_composite(layer)
        image = image.convert("RGB")
    return image.convert(mode), transparent


def _way_to_8_bits(image: Image.Image) -> str:
    """Say how pixels of any range become 8-bit ones; what for depends on what white is."""
    pixels = np.asarray(image)
    black, white, way = "black", "white", "x = (x - black) / (white - black) * 255, then "
    if pixels.min() >= 0 and pixels.max() <= 255:
        black, white, way = "0", "255", ""
        if image.mode == "F" and pixels.max() <= 1:
            white, way = "1", "x = x * 255, then "
    return (
        f"if its black is {black} and its white {white}: {way}"
        "Image.fromarray(x.round().clip(0, 255).astype('uint8')), where x = numpy.asarray(image)"
    )


def _mode(channels: int) -> str:
    if channels not in (1, 3):
        raise DataError(f"Images of {channels} channels are not supported: 1 is grey, 3 are RGB.")
    return "L" if channels == 1 else "RGB"
