"""Files that hold several images: the pages of a TIFF stack, the frames of an animation."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import Final

from PIL import Image, TiffImagePlugin

from regene_bench.data.decode import Encoded

_STACKS: Final = (".tif", ".tiff")
_ANIMATED: Final = ("GIF", "WEBP", "PNG", "AVIF")
_MOVING: Final = (".gif", ".webp", ".avif")
# What a page is: a smaller version of another one, or a mask (tag 254), in its older form (255).
_KIND, _OLD_KIND = 254, 255
_SMALLER_OR_MASK = 0b101
_FIRST: Final = (0,)


def may_be_stack(path: PurePath) -> bool:
    """Tell by its suffix whether a file may hold several pages, each an image of its own."""
    return path.suffix.lower() in _STACKS


def may_be_animated(path: PurePath) -> bool:
    """Tell by its suffix whether a file may hold an animation; PNG files hardly ever do."""
    return path.suffix.lower() in _MOVING


def pages_of(item: Encoded) -> tuple[int, ...]:
    """Return which pages of a TIFF are images: all but previews and masks of others.

    Whatever cannot be read counts as one page, so that decoding names it.
    """
    try:
        with _open(item) as image:
            if not isinstance(image, TiffImagePlugin.TiffImageFile):
                return _FIRST
            pages = [page for page in range(image.n_frames) if _is_own(image, page)]
    except MemoryError:
        raise
    except Exception:  # header parsers raise many types on damaged input
        return _FIRST
    return tuple(pages) or _FIRST


def each_page(
    items: Iterable[tuple[str, Encoded]], pages: Sequence[Sequence[int]]
) -> Iterator[tuple[str, Encoded]]:
    """Yield every page of every file, files of one page as they are.

    A page that is damaged comes without bytes, so that decoding names it.

    Args:
        items: F files, each with its name.
        pages: F results of ``pages_of``.
    """
    for (name, item), wanted in zip(items, pages, strict=True):
        if tuple(wanted) == _FIRST:
            yield name, item
            continue
        with _open(item) as image:
            for page in wanted:
                yield f"{name}, page {page + 1}", _alone(image, page)


def frames_left_out(image: Image.Image) -> int:
    """Count the frames of an animation (GIF, WebP, PNG, AVIF) after the first, which is read."""
    if image.format not in _ANIMATED:
        return 0
    return int(getattr(image, "n_frames", 1)) - 1


def animation_note(found: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    """Say in at most one sentence of which files only the first frame is read.

    Args:
        found: Names of the files, each with ``frames_left_out``.
    """
    if not found:
        return ()
    n = sum(frames for _, frames in found)
    return (f"first frame alone read of animations: {len(found)} (frames left out: {n})",)


def _alone(image: Image.Image, page: int) -> bytes:
    """Unpack one page to a file of its own: it is found only through the pages before it."""
    file = io.BytesIO()
    try:
        image.seek(page)
        image.copy().save(file, "TIFF")
    except MemoryError:
        raise
    except Exception:  # decoders raise many types on damaged input
        return b""
    return file.getvalue()


def _open(item: Encoded) -> Image.Image:
    source: Path | io.BytesIO = io.BytesIO(item) if isinstance(item, bytes) else item
    return Image.open(source, formats=("TIFF",))


def _is_own(image: TiffImagePlugin.TiffImageFile, page: int) -> bool:
    image.seek(page)
    kind = image.tag_v2.get(_KIND, 0)
    return not kind & _SMALLER_OR_MASK and image.tag_v2.get(_OLD_KIND) != 2
