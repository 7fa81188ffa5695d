"""Encoded images to pixels, refusing what would be changed silently: sizes and colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.decode import DecodeOptions, ProgressFn, decode_into, reason_of
from regene_bench.data.frames import animation_note
from regene_bench.data.records import Block
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.collection import OWN_SHAPE, Size
from regene_bench.samples.headers import read_header
from regene_bench.samples.misfits import grey_in_colour, grey_of, wrong_size

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
class LeftOut:
    """An image that could not be decoded, and why: the end of a sentence about it."""

    name: str
    reason: str


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
    no value; a grey file is not taken for colour.

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
    found = _Findings()
    done = 0
    for block in pictures.blocks():
        grey_is_wrong = shape.channels > 1 and not any_colours
        readable, colour = _look_at(block, grey_is_wrong, found, resize=resize, skip_bad=skip_bad)
        # of images that will be refused only the sizes matter: are they mixed, or all wrong?
        if resize or wanted in found.sizes:
            flatten = colour and shape.channels == 1
            _decode_block(out, readable, found, flatten=flatten, skip_bad=skip_bad)
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
    others = [size for size in found.sizes if size != wanted]
    if others and not resize:
        raise wrong_size(f"The images are like {found.sizes[others[0]]}:", others[0], wanted)
    kept = np.ones(pictures.count, dtype=bool)
    kept[list(found.bad)] = False
    return Decoded(
        out[kept] if found.bad else out,
        kept,
        others[0] if others else None,
        len(found.sizes),
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


class _Findings:
    """What was met on the way through the images.

    Attributes:
        sizes: The name of the first image of each size.
        bad: What cannot be decoded, by its place.
        lossy: The lossy compression that images went through, by their place.
        frames: Names of animations, each with how many frames come after its first, by their place.
        seen_through: How many had transparent pixels.
    """

    def __init__(self) -> None:
        self.sizes: dict[Size, str] = {}
        self.bad: dict[int, LeftOut] = {}
        self.lossy: dict[int, str] = {}
        self.frames: dict[int, tuple[str, int]] = {}
        self.seen_through = 0

    def notes(self, n: int) -> tuple[str, ...]:
        notes = []
        if self.seen_through:
            notes.append(
                f"{_some(self.seen_through, n)} transparent pixels, laid on white: that moves "
                "distances"
            )
        lossy = [kind for place, kind in self.lossy.items() if place not in self.bad]
        if lossy:
            kinds = ", ".join(sorted(set(lossy)))
            notes.append(
                f"{_some(len(lossy), n)} gone through lossy compression ({kinds}): that "
                "moves distances"
            )
        frames = [found for place, found in self.frames.items() if place not in self.bad]
        return (*notes, *animation_note(frames))


def _some(count: int, n: int) -> str:
    whole = f"all {n} images have" if count == n else f"{count} of {n} images have"
    return whole if count > 1 else f"{count} of {n} images has"


def _look_at(
    block: Block, grey_is_wrong: bool, found: _Findings, *, resize: bool, skip_bad: bool
) -> tuple[Block, bool]:
    """Read the headers of a block: which images can be read, and whether one has colours."""
    readable, colour = [], False
    for i, item in enumerate(block.items):
        name = block.name_of(i)
        try:
            header = read_header(item)
        except MemoryError:
            raise
        except Exception as error:  # header parsers raise many types on damaged input
            if not skip_bad:
                raise DataError(
                    f"Cannot decode the image {name}: {reason_of(error)}", hint=_DAMAGED
                ) from error
            found.bad[int(block.positions[i])] = LeftOut(name, reason_of(error))
            continue
        found.sizes.setdefault(header.size, name)
        if len(found.sizes) > 1 and not resize:
            raise _mixed(*((text, size) for size, text in found.sizes.items()))
        if header.is_grey and grey_is_wrong:
            raise grey_in_colour(f"The image {name}")
        colour = colour or not header.is_grey
        if header.lossy:
            found.lossy[int(block.positions[i])] = header.lossy
        if header.frames_left_out:
            found.frames[int(block.positions[i])] = (name, header.frames_left_out)
        readable.append(i)
    if len(readable) == len(block.items):
        return block, colour
    items = [block.items[i] for i in readable]
    return Block(block.positions[readable], items, lambda i: block.name_of(readable[i])), colour


def _decode_block(
    out: np.ndarray, block: Block, found: _Findings, *, flatten: bool, skip_bad: bool
) -> None:
    seen_through = np.zeros(len(block.items), dtype=bool)

    def leave_out(i: int, reason: str) -> None:
        found.bad[int(block.positions[i])] = LeftOut(block.name_of(i), reason)

    # zeros: the place of an image that is left out must be no colour
    pixels = np.zeros((len(block.items), 3, *out.shape[2:]), np.uint8) if flatten else out
    try:
        decode_into(
            pixels,
            np.arange(len(block.items)) if flatten else block.positions,
            block.items,
            DecodeOptions(),
            name_of=block.name_of,
            seen_through=seen_through,
            left_out=leave_out if skip_bad else None,
        )
    except DataError as error:
        raise DataError(error.message, hint=_DAMAGED) from error
    if flatten:
        out[block.positions] = grey_of(pixels, lambda i: f"The image {block.name_of(i)}")
    found.seen_through += int(seen_through.sum())


def _mixed(first: tuple[str, Size], other: tuple[str, Size]) -> DataError:
    def text(example: tuple[str, Size]) -> str:
        name, (height, width) = example
        return f"{name} is {width}×{height} pixels"

    return DataError(
        f"The images have different sizes: {text(first)}, {text(other)}.",
        hint="Bring them to one size where they were made, or have each resized (bicubic) by "
        "--resize (resize=True); every row then says so.",
    )
