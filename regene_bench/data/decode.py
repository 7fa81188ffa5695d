"""Encoded images (PNG, JPEG, …) and raw arrays to uint8 pixels of one shape."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, cast

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from regene_bench.base.errors import DataError
from regene_bench.base.files import special_kind
from regene_bench.data.shapes import ImageShape

Encoded = Path | bytes
"""A file to read, or the bytes of one."""

ProgressFn = Callable[[int, int], None]
"""Called with images done and images in all, always from the calling thread."""

# Pillow knows some formats that run other programs (EPS) or are no pictures; these are enough.
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "JPEG2000", "AVIF")
_CHUNK: Final = 256
_THREADS_FROM_BYTES: Final = 4096


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
    mode = _mode(channels)
    total = len(items)

    def work(start: int) -> int:
        stop = min(start + _CHUNK, total)
        for i in range(start, stop):
            try:
                pixels, transparent = _decode(items[i], mode, height, width, options)
                out[positions[i]] = pixels
                if seen_through is not None:
                    seen_through[i] = transparent
            except MemoryError:
                raise
            except Exception as error:  # decoders raise many types on damaged input
                if left_out:
                    left_out(i, reason_of(error))
                    continue
                name = name_of(i) if name_of else _name(items[i], i)
                raise DataError(
                    f"Cannot decode the image {name}: {reason_of(error)}",
                    hint="Fetch the file again, or take it out of the data set.",
                ) from error
        return stop

    starts = range(0, total, _CHUNK)
    workers = workers or _worth(items)
    if workers == 1:
        for start in starts:
            done = work(start)
            if progress:
                progress(done, total)
        return
    with ThreadPoolExecutor(max_workers=workers) as pool:
        futures = [pool.submit(work, start) for start in starts]
        try:
            for future in futures:
                done = future.result()
                if progress:
                    progress(done, total)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


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


def open_image(item: Encoded) -> Image.Image:
    """Open a file, or the bytes of one, that is in one of the formats which are read.

    Raises:
        OSError: There is no such file, or it is no such image.
        ValueError: The path leads to a FIFO or a device, whose reader may wait for ever.
    """
    if isinstance(item, bytes):
        return Image.open(io.BytesIO(item), formats=_known_formats())
    if kind := special_kind(item.stat()):
        raise ValueError(f"it is {kind}, not a file")
    return Image.open(item, formats=_known_formats())


def usable_cpus() -> int:
    """Number of CPU cores that this process may use, at most 16."""
    if hasattr(os, "sched_getaffinity"):
        return min(16, len(os.sched_getaffinity(0)))
    return min(16, os.cpu_count() or 1)


def _worth(items: Sequence[Encoded]) -> int:
    """Return how many threads pay off: one for tiny images.

    Pillow frees the interpreter only within its decoders; below some kilobytes most of the work is
    Python, and two threads that hand the interpreter to and fro take twice as long as one.
    """
    sample = items[:64]
    sizes = [len(item) if isinstance(item, bytes) else _file_size(item) for item in sample]
    return 1 if sum(sizes) < _THREADS_FROM_BYTES * len(sample) else usable_cpus()


def _file_size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _decode(
    item: Encoded, mode: str, height: int, width: int, options: DecodeOptions
) -> tuple[np.ndarray, bool]:
    with open_image(item) as image:
        image.load()
        upright = ImageOps.exif_transpose(image) if "exif" in image.info else image
        return _fit(upright, mode, height, width, options)


@cache
def _known_formats() -> tuple[str, ...]:
    """Return those of the formats that this Pillow knows: AVIF is younger than the others."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


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
        raise ValueError("it has 32-bit pixels; save it with 8 or 16 bits")
    elif "transparency" in image.info or image.mode.lower() in ("rgba", "la", "pa"):
        layer = image.convert("RGBA")
        lowest, _ = layer.getchannel("A").getextrema()
        transparent = cast("int", lowest) < 255
        image = Image.new("RGBA", image.size, "white")
        image.alpha_composite(layer)
        image = image.convert("RGB")
    return image.convert(mode), transparent


def _mode(channels: int) -> str:
    if channels not in (1, 3):
        raise DataError(f"Images of {channels} channels are not supported: 1 is grey, 3 are RGB.")
    return "L" if channels == 1 else "RGB"


def _name(item: Encoded, index: int) -> str:
    return f"number {index}" if isinstance(item, bytes) else str(item)


def reason_of(error: Exception) -> str:
    """Say why an image could not be decoded, as the end of a sentence."""
    if isinstance(error, UnidentifiedImageError):
        return "it is not an image of a known format, or its header is damaged."
    if isinstance(error, FileNotFoundError):
        return "there is no such file."
    return f"{error}." if str(error) else f"{type(error).__name__}."
