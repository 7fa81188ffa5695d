"""Encoded images of one split, listed before any is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from regene_bench.data.decode import DecodeOptions, Encoded, ProgressFn, decode_into
from regene_bench.data.shapes import ImageShape
from regene_bench.data.split import hash_order


@dataclass(frozen=True)
class Block:
    """Some of a split's images.

    Attributes:
        positions: int64 ``[n]``, where they stand in the split.
        items: Their files or bytes.
        name_of: Names ``items[i]`` in error messages.
    """

    positions: np.ndarray
    items: Sequence[Encoded]
    name_of: Callable[[int], str]


@dataclass(frozen=True)
class Records:
    """One split of encoded images.

    Attributes:
        labels: int64 ``[N]``.
        blocks: Yields the images block by block, so that a split need not be in memory twice; the
            blocks' positions together are 0..N-1.
    """

    labels: np.ndarray
    blocks: Callable[[], Iterator[Block]]


def in_blocks(
    items: Iterable[tuple[str, Encoded]], *, most: int = 256, most_bytes: int = 1 << 26
) -> Iterator[Block]:
    """Gather named images into blocks of bounded number and bounded bytes in memory."""
    names: list[str] = []
    block: list[Encoded] = []
    position = held = 0
    for name, item in items:
        names.append(name)
        block.append(item)
        held += len(item) if isinstance(item, bytes) else 0
        if len(block) == most or held >= most_bytes:
            yield _block(position, names, block)
            position += len(block)
            names, block, held = [], [], 0
    if block:
        yield _block(position, names, block)


def _block(position: int, names: list[str], items: list[Encoded]) -> Block:
    return Block(np.arange(position, position + len(items)), items, lambda i: names[i])


def decode_records(
    records: Records,
    shape: ImageShape,
    options: DecodeOptions,
    progress: ProgressFn | None = None,
) -> np.ndarray:
    """Decode a split, uint8 ``[N, C, H, W]``; see ``decode.decode_images`` for steps and errors."""
    images, _ = decode_mixed([(records, options)], shape, progress, shuffle=False)
    return images


def decode_mixed(
    parts: Sequence[tuple[Records, DecodeOptions]],
    shape: ImageShape,
    progress: ProgressFn | None = None,
    *,
    shuffle: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Decode several collections into one split, part ``k`` becoming class ``k``.

    Args:
        parts: Collections, each with its own crop; with ``shuffle`` their own labels are dropped.
        shape: Shape of the decoded images.
        progress: Told images done and images in all.
        shuffle: Mix the parts in an order that depends on their sizes alone, so that any prefix is
            a fair sample of all classes, and label each image with its part. Otherwise keep the
            order and the labels.

    Returns:
        uint8 ``[N, C, H, W]`` and labels int64 ``[N]``.

    Raises:
        DataError: An image cannot be decoded; it is named.
    """
    sizes = [len(records.labels) for records, _ in parts]
    total = sum(sizes)
    places = _shuffled_places(sizes) if shuffle else np.arange(total)
    images = np.empty((total, shape.channels, shape.height, shape.width), dtype=np.uint8)
    labels = np.empty(total, dtype=np.int64)
    first = done = 0
    for part, (records, options) in enumerate(parts):
        own_places = places[first : first + sizes[part]]
        labels[own_places] = part if shuffle else records.labels
        for block in records.blocks():
            decode_into(
                images,
                own_places[block.positions],
                block.items,
                options,
                name_of=block.name_of,
                progress=_after(done, total, progress) if progress else None,
            )
            done += len(block.items)
        first += sizes[part]
    return images, labels


def _shuffled_places(sizes: Sequence[int]) -> np.ndarray:
    keys = [f"{part}:{i}" for part, size in enumerate(sizes) for i in range(size)]
    places = np.empty(len(keys), dtype=np.int64)
    places[hash_order(keys)] = np.arange(len(keys))
    return places


def _after(done: int, total: int, progress: ProgressFn) -> ProgressFn:
    return lambda n, _: progress(done + n, total)
