"""The image files of one split: chosen, listed for decoding, page by page where they are stacks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regene_bench.data.decode import open_image
from regene_bench.data.frames import (
    animation_note,
    each_page,
    frames_left_out,
    may_be_animated,
    may_be_stack,
    pages_of,
)
from regene_bench.data.image_listing import ImageListing
from regene_bench.data.records import Block, Records, in_blocks
from regene_bench.data.split import hash_order, hashed_test_mask


@dataclass(frozen=True)
class ImageFiles:
    """Image files of one split.

    Attributes:
        paths: N files, ordered by the hash of their path relative to the data set, so that any
            prefix is an unbiased sample.
        labels: int64 ``[N]``.
        listing: Where they are read from; None for files that are read as they are.
    """

    paths: tuple[Path, ...]
    labels: np.ndarray
    listing: ImageListing | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files on disk that are read: the images, or the zip that holds them."""
        if self.listing is None or self.listing.archive is None:
            return self.paths
        return (self.listing.archive,)


def held_out_by_hash(
    listing: ImageListing, names: Sequence[str], labels: Sequence[int], test_fraction: float
) -> tuple[ImageFiles, ImageFiles]:
    """Divide images into the files to train on and those that ``hashed_test_mask`` holds out.

    Args:
        listing: Where they are.
        names: N names of the listing.
        labels: N numbers of classes.
        test_fraction: In (0, 1).
    """
    everything = files_of(listing, names, labels)
    keys = [names[i] for i in hash_order(names)]
    mask = hashed_test_mask(keys, everything.labels, test_fraction)
    return _take(everything, ~mask), _take(everything, mask)


def files_of(listing: ImageListing, names: Sequence[str], labels: Sequence[int]) -> ImageFiles:
    """Gather images of a listing into one split, in the order of the hashes of their names.

    Args:
        listing: Where they are.
        names: N names of the listing.
        labels: N numbers of classes.
    """
    order = hash_order(names)
    paths = tuple(listing.images[names[i]] for i in order)
    return ImageFiles(paths, np.array(labels, dtype=np.int64)[order], listing)


def image_records(files: ImageFiles, limit: int | None = None) -> Records:
    """List the images of a split for ``decode_records`` or ``decode_mixed``.

    Every page of a TIFF stack is an image; of an animation the first frame is.

    Args:
        files: The files.
        limit: List at most so many images, an unbiased sample.
    """
    paths = files.paths
    pages: list[tuple[int, ...]] = [(0,)] * len(paths)
    for i, path in enumerate(paths):
        if may_be_stack(path):
            ((_, item),) = _items(files, [path])
            pages[i] = pages_of(item)
    if all(own == (0,) for own in pages):
        return _plain_records(first_files(files, limit))
    owners = np.repeat(np.arange(len(paths)), [len(own) for own in pages])
    order = hash_order([f"{owner}:{i}" for i, owner in enumerate(owners)])[:limit]
    places = np.full(len(owners), -1)
    places[order] = np.arange(len(order))
    return Records(files.labels[owners[order]], lambda: _page_blocks(files, pages, places))


def animations_in(files: ImageFiles) -> tuple[str, ...]:
    """Say in at most one sentence how many frames of animations are left out of a split."""
    found = []
    for name, item in _items(files, [path for path in files.paths if may_be_animated(path)]):
        # what cannot be read is named where it is decoded
        with contextlib.suppress(OSError), open_image(item) as image:
            if n := frames_left_out(image):
                found.append((name, n))
    return animation_note(found)


def first_files(files: ImageFiles, limit: int | None) -> ImageFiles:
    """Return at most ``limit`` files of a split: an unbiased sample, the same everywhere."""
    if limit is None:
        return files
    return ImageFiles(files.paths[:limit], files.labels[:limit], files.listing)


def _take(files: ImageFiles, mask: np.ndarray) -> ImageFiles:
    chosen = np.flatnonzero(mask)
    paths = tuple(files.paths[i] for i in chosen)
    return ImageFiles(paths, files.labels[chosen], files.listing)


def _items(files: ImageFiles, paths: Sequence[Path]) -> Iterator[tuple[str, Path | bytes]]:
    if files.listing is None:
        return ((str(path), path) for path in paths)
    return files.listing.read(paths)


def _plain_records(files: ImageFiles) -> Records:
    paths = files.paths

    def blocks() -> Iterator[Block]:
        if files.listing is not None and files.listing.archive is not None:
            yield from in_blocks(_items(files, paths))
        else:
            yield Block(np.arange(len(paths)), paths, lambda i: str(paths[i]))

    return Records(files.labels, blocks)


def _page_blocks(
    files: ImageFiles, pages: Sequence[Sequence[int]], places: np.ndarray
) -> Iterator[Block]:
    """Read stacks one after the other, whatever places their pages have in the split."""
    for block in in_blocks(each_page(_items(files, files.paths), pages)):
        own = places[block.positions]
        kept = np.flatnonzero(own >= 0)
        items = [block.items[int(i)] for i in kept]
        yield Block(own[kept], items, _names_in(block, kept))


def _names_in(block: Block, kept: np.ndarray) -> Callable[[int], str]:
    return lambda i: block.name_of(int(kept[i]))
