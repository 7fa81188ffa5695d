"""Encoded images to pixels, refusing what would be changed silently: sizes and colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.opened import ProgressFn, each_image
from regene_bench.data.records import Block
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.collection import OWN_SHAPE, Size
from regene_bench.samples.findings import Findings, LeftOut
from regene_bench.samples.headers import read_header
from regene_bench.samples.picture_block import PictureBlock

_DAMAGED = (
    "Make the file again, take it out, or leave such files out by --skip-bad (skip_bad=True)."
)


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
        images: uint8 ``[M, C, H, W]``.
        kept: bool ``[N]``: which of the listed images they are; all but those in ``left_out``.
        resized_from: The size that the images had, if it was another.
        n_sizes: How many sizes they had.
        left_out: What could not be decoded, in the order of the images.
        notes: What a reader of their scores must know about how they were decoded.
    """

    images: np.ndarray
    kept: np.ndarray
    resized_from: Size | None = None
    n_sizes: int = 1
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()


def decode_pictures(
    pictures: Pictures,
    shape: ImageShape,
    *,
    resize: bool,
    skip_bad: bool = False,
    progress: ProgressFn | None = None,
) -> Decoded:
    """Decode images that must have one size, the benchmark's, and its colours.

    A colour file whose pixels are all grey (red = green = blue) is taken for grey, which changes
    no value; a grey file is not taken for colour. Each file is opened once.

    Args:
        pictures: The images.
        shape: The benchmark's; with ``OWN_SHAPE`` the images keep their size, and come in colour.
        resize: Resize images of other sizes (bicubic, antialiased), each from its own, instead of
            refusing them.
        skip_bad: Leave out what cannot be decoded instead of refusing it.
        progress: Told how many images are done, and how many there are.

    Returns:
        The images in their order, and what was done to them.

    Raises:
        DataError: An image is damaged, or its size or colours are not those of the others or of
            the benchmark; it is named. Or none can be decoded.
    """
    any_colours = shape == OWN_SHAPE
    if any_colours:
        shape = _own_shape(pictures)
    out = np.empty((pictures.count, shape.channels, shape.height, shape.width), dtype=np.uint8)
    wanted = (shape.height, shape.width)
    found = Findings()
    done = 0
    for block in pictures.blocks():
        taken = PictureBlock(
            len(block.items), block.name_of, shape, resize=resize, any_colours=any_colours
        )
        _read(block, taken, skip_bad=skip_bad)
        out[block.positions] = taken.finish(found, block.positions)
        done += len(block.items)
        if progress:
            progress(done, pictures.count)
    if len(found.bad) == pictures.count:
        one = found.bad[min(found.bad)]
        raise DataError(
            f"None of {pictures.count} images can be decoded. The first is {one.name}: "
            f"{one.reason}",
            hint="Make the files again.",
        )
    other = found.resized_from(wanted)
    if other is not None and not resize:
        raise found.wrong_size(other, wanted)
    kept = np.ones(pictures.count, dtype=bool)
    kept[list(found.bad)] = False
    return Decoded(
        out[kept] if found.bad else out,
        kept,
        other,
        found.n_sizes,
        tuple(one for _, one in sorted(found.bad.items())),
        found.notes(pictures.count - len(found.bad)),
    )


def _own_shape(pictures: Pictures) -> ImageShape:
    """The size of the first image that has one, and colours, which can show grey too."""
    for block in pictures.blocks():
        for item in block.items:
            # what is damaged is refused, or left out, when its turn comes
            with suppress(Exception):
                height, width = read_header(item).size
                return ImageShape(3, height, width, 0)
    return ImageShape(3, 1, 1, 0)


def _read(block: Block, taken: PictureBlock, *, skip_bad: bool) -> None:
    try:
        each_image(
            block.items,
            lambda i, image: taken.take(i, image, block.items[i]),
            name_of=block.name_of,
            left_out=taken.leave_out if skip_bad else None,
        )
    except DataError as error:
        raise DataError(error.message, hint=_DAMAGED) from error
