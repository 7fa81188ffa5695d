"""Encoded images opened one after the other, or several at once: what each is, no pixel yet."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Final

from PIL import Image, UnidentifiedImageError

from regene_bench.base.errors import DataError
from regene_bench.base.files import special_kind

Encoded = Path | bytes
"""A file to read, or the bytes of one."""

ProgressFn = Callable[[int, int], None]
"""Called with images done and images in all, always from the calling thread."""

# Pillow knows some formats that run other programs (EPS) or are no pictures; these are enough.
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "JPEG2000", "AVIF")
_CHUNK: Final = 256
_THREADS_FROM_BYTES: Final = 4096


def each_image(
    items: Sequence[Encoded],
    work: Callable[[int, Image.Image], None],
    *,
    name_of: Callable[[int], str] | None = None,
    progress: ProgressFn | None = None,
    workers: int | None = None,
    left_out: Callable[[int, str], None] | None = None,
) -> None:
    """Open each of some images once and hand it over; what is read in ``work`` may fail, too.

    Args:
        items: N files or their bytes.
        work: Called with an item's number and its image, of which only the header is read; in any
            order, from any thread. The image is closed afterwards.
        name_of: Names item ``i`` in error messages; by default its path, or its number.
        progress: Told how many of the N are done.
        workers: Threads; by default one a CPU core that this process may use, or one in all where
            the images are so small that threads would only wait for each other.
        left_out: Told the number of an item that cannot be read and why, from any thread. Without
            it such an item is an error.

    Raises:
        DataError: An image cannot be opened, or ``work`` raised; it is named.
    """
    total = len(items)

    def work_from(start: int) -> int:
        stop = min(start + _CHUNK, total)
        for i in range(start, stop):
            try:
                with open_image(items[i]) as image:
                    work(i, image)
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
            done = work_from(start)
            if progress:
                progress(done, total)
        return
    with ThreadPoolExecutor(max_workers=workers) as pool:
        futures = [pool.submit(work_from, start) for start in starts]
        try:
            for future in futures:
                done = future.result()
                if progress:
                    progress(done, total)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def open_image(item: Encoded) -> Image.Image:
    """Open a file, or the bytes of one, that is in one of the formats which are read.

    Raises:
        OSError: There is no such file, or it is no such image.
        ValueError: There are no bytes, or the path leads to a FIFO or a device, whose reader may
            wait for ever.
    """
    if isinstance(item, bytes):
        if not item:
            raise ValueError("there are no bytes of it")
        return Image.open(io.BytesIO(item), formats=_known_formats())
    if kind := special_kind(item.stat()):
        raise ValueError(f"it is {kind}, not a file")
    return Image.open(item, formats=_known_formats())


def usable_cpus() -> int:
    """Number of CPU cores that this process may use, at most 16."""
    if hasattr(os, "sched_getaffinity"):
        return min(16, len(os.sched_getaffinity(0)))
    return min(16, os.cpu_count() or 1)


def reason_of(error: Exception) -> str:
    """Say why an image could not be decoded, as the end of a sentence."""
    if isinstance(error, UnidentifiedImageError):
        return "it is not an image of a known format, or its header is damaged."
    if isinstance(error, FileNotFoundError):
        return "there is no such file."
    return f"{error}." if str(error) else f"{type(error).__name__}."


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


@cache
def _known_formats() -> tuple[str, ...]:
    """Return those of the formats that this Pillow knows: AVIF is younger than the others."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _name(item: Encoded, index: int) -> str:
    return f"number {index}" if isinstance(item, bytes) else str(item)
