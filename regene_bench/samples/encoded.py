"""Encoded images to pixels, refusing what would be changed silently: sizes and colours."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from regene_bench.base.errors import DataError
from regene_bench.data.decode import DecodeOptions, Encoded, ProgressFn, decode_into
from regene_bench.data.frames import animation_note, frames_left_out
from regene_bench.data.records import Block
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.collection import Size
from regene_bench.samples.misfits import grey_in_colour, grey_of, wrong_size

_GREY_MODES = ("1", "L", "LA", "La", "I", "F")
_TURNED = (5, 6, 7, 8)
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Pictures:
    """Encoded images of one place, listed before any is decoded.

    Attributes:
        count: N.
        blocks: Yields them block by block; the blocks' positions together are 0..N-1.
        notes: What a reader of their scores must know about how they were listed.
    """

    count: int
    blocks: Callable[[], Iterator[Block]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decoded:
    """Pixels of samples.

    Attributes:
        images: uint8 ``[N, C, H, W]``.
        resized_from: The size that the images had, if it was another.
        notes: What a reader of their scores must know about how they were decoded.
    """

    images: np.ndarray
    resized_from: Size | None = None
    notes: tuple[str, ...] = ()


def decode_pictures(
    pictures: Pictures, shape: ImageShape, *, resize: bool, progress: ProgressFn | None = None
) -> Decoded:
    """Decode images that must all have one size and the benchmark's colours.

    A colour file whose pixels are all grey (red = green = blue) is taken for grey, which changes
    no value; a grey file is not taken for colour.

    Args:
        pictures: The images.
        shape: The benchmark's.
        resize: Resize images of another size (bicubic, antialiased) instead of refusing them.
        progress: Told how many images are done, and how many there are.

    Returns:
        All N images, in their places.

    Raises:
        DataError: An image is damaged, or its size or colours are not those of the others or of
            the benchmark; it is named.
    """
    out = np.empty((pictures.count, shape.channels, shape.height, shape.width), dtype=np.uint8)
    wanted = (shape.height, shape.width)
    first: tuple[str, Size] | None = None
    done = 0
    animated: list[tuple[str, int]] = []
    for block in pictures.blocks():
        colour = False
        for i, item in enumerate(block.items):
            size, is_grey, frames = _look(item, block.name_of(i))
            if frames:
                animated.append((block.name_of(i), frames))
            first = first or (block.name_of(i), size)
            if size != first[1]:
                raise _mixed(first, (block.name_of(i), size))
            if is_grey and shape.channels > 1:
                raise grey_in_colour(f"The image {block.name_of(i)}")
            colour = colour or not is_grey
        # of images that will be refused only the sizes matter: are they mixed, or all wrong?
        if first and (first[1] == wanted or resize):
            _decode_block(out, block, flatten=colour and shape.channels == 1)
        done += len(block.items)
        if progress:
            progress(done, pictures.count)
    if first is None or first[1] == wanted:
        return Decoded(out, None, animation_note(animated))
    if not resize:
        raise wrong_size(f"The images are like {first[0]}:", first[1], wanted)
    return Decoded(out, first[1], animation_note(animated))


def _decode_block(out: np.ndarray, block: Block, *, flatten: bool) -> None:
    if not flatten:
        decode_into(out, block.positions, block.items, DecodeOptions(), name_of=block.name_of)
        return
    colour = np.empty((len(block.items), 3, *out.shape[2:]), dtype=np.uint8)
    decode_into(colour, np.arange(len(colour)), block.items, DecodeOptions(), name_of=block.name_of)
    out[block.positions] = grey_of(colour, lambda i: f"The image {block.name_of(i)}")


def _look(item: Encoded, name: str) -> tuple[Size, bool, int]:
    """Read an image's header: its size as it will be decoded, whether it is grey, and how many
    frames come after the first."""
    try:
        with Image.open(io.BytesIO(item) if isinstance(item, bytes) else item) as image:
            width, height = image.size
            turned = "exif" in image.info and image.getexif().get(_ORIENTATION) in _TURNED
            size = (width, height) if turned else (height, width)
            is_grey = image.mode in _GREY_MODES or image.mode.startswith("I;16")
            return size, is_grey, frames_left_out(image)
    except MemoryError:
        raise
    except Exception as error:  # header parsers raise many types on damaged input
        raise DataError(
            f"Cannot decode the image {name}: it is not an image of a known format, or its header "
            "is damaged.",
            hint="Make the file again, or take it out.",
        ) from error


def _mixed(first: tuple[str, Size], other: tuple[str, Size]) -> DataError:
    def text(example: tuple[str, Size]) -> str:
        name, (height, width) = example
        return f"{name} is {width}×{height} pixels"

    return DataError(
        f"The images have different sizes: {text(first)}, {text(other)}.",
        hint="All images must have one size; bring them to it where they were made.",
    )
