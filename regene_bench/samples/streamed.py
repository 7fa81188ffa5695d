"""Samples that come batch by batch, of which only uint8 of the benchmark's shape is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from regene_bench.base.errors import DataError
from regene_bench.data.opened import reason_of
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.arrays import ArrayImages
from regene_bench.samples.batches import Batch, Stream
from regene_bench.samples.collection import OWN_SHAPE, Samples
from regene_bench.samples.findings import Findings
from regene_bench.samples.headers import header_of
from regene_bench.samples.own_names import number_labels, own_names
from regene_bench.samples.picture_block import PictureBlock

TellFn = Callable[[int, int | None], None]
"""Called with images done, and images in all where that is known."""


def read_stream(
    stream: Stream,
    shape: ImageShape,
    class_names: Sequence[str],
    *,
    with_labels: bool = True,
    resize: bool = False,
    progress: TellFn | None = None,
) -> Samples:
    """Read all batches.

    Types, ranges, colours and sizes are judged over all of them, as they would be in one array;
    pictures as files are.

    Args:
        stream: The batches.
        shape: The benchmark's, or ``OWN_SHAPE``.
        class_names: K names in label order.
        with_labels: Read the labels that come along, instead of leaving them alone.
        resize: Resize images of other sizes instead of refusing them.
        progress: Told after each batch; may raise to stop.

    Raises:
        DataError: There are no images, or images or labels do not fit.
    """
    images: ArrayImages | _Pictures | None = None
    labels: list[np.ndarray | None] = []
    for batch in stream.batches:
        if images is None:
            kind = ArrayImages if isinstance(batch.images, np.ndarray) else _Pictures
            images = kind(shape, stream.name, resize=resize)
        before = len(images)
        _add(images, batch, stream.name)
        if with_labels:
            labels.append(_checked(batch, stream.name, before))
        if progress:
            progress(len(images), stream.total)
    if images is None:
        raise DataError(
            f"{stream.name} gives no image.",
            hint="An iterator is used up by whoever reads it first: make it anew.",
        )
    pixels = images.finish()
    notes = images.notes() if isinstance(images, _Pictures) else ()
    samples = Samples(pixels, None, stream.name, images.resized_from, notes, n_sizes=images.n_sizes)
    given = [own for own in labels if own is not None]
    if not given:
        return samples
    if len(given) < len(labels):
        raise DataError(
            f"{stream.name} gives labels with some images, and with others none.",
            hint="Give all of them labels, or none.",
        )
    return samples.labelled(
        number_labels(np.concatenate(given), own_names(stream.origin), class_names, stream.name)
    )


def _add(images: ArrayImages | _Pictures, batch: Batch, name: str) -> None:
    if isinstance(images, ArrayImages):
        if isinstance(batch.images, np.ndarray):
            images.add(batch.images)
            return
    elif isinstance(batch.images, list):
        images.add(batch.images)
        return
    raise DataError(f"{name} gives arrays as well as pictures.", hint="Give all in one form.")


def _checked(batch: Batch, name: str, before: int) -> np.ndarray | None:
    """The labels of a batch, as many as it has images."""
    if batch.labels is None:
        return None
    if batch.labels.shape[:1] != (len(batch.images),):
        raise DataError(
            f"{name} has labels of shape {list(batch.labels.shape)} for {len(batch.images)} images "
            f"from number {before} on.",
            hint="Give one label an image.",
        )
    return batch.labels


class _Pictures:
    """Pillow's images, taken batch by batch by the rules of files."""

    def __init__(self, shape: ImageShape, where: str, *, resize: bool) -> None:
        self._any_colours = shape == OWN_SHAPE
        self._shape = shape
        self._where = where
        self._resize = resize
        self._found = Findings()
        self._chunks: list[np.ndarray] = []
        self._n = 0

    def __len__(self) -> int:
        return self._n

    @property
    def n_sizes(self) -> int:
        return self._found.n_sizes

    @property
    def resized_from(self) -> tuple[int, int] | None:
        return self._found.resized_from((self._shape.height, self._shape.width))

    def add(self, pictures: Sequence[Image.Image]) -> None:
        if self._any_colours and not self._n and pictures:
            height, width = header_of(pictures[0]).size
            self._shape = ImageShape(3, height, width, 0)
        first = self._n

        def name_of(i: int) -> str:
            return f"number {first + i} of {self._where}"

        block = PictureBlock(
            len(pictures),
            name_of,
            self._shape,
            resize=self._resize,
            any_colours=self._any_colours,
        )
        for i, picture in enumerate(pictures):
            try:
                block.take(i, picture)
            except MemoryError:
                raise
            except Exception as error:  # pictures may be files that are read only now
                raise DataError(
                    f"Cannot decode the image {name_of(i)}: {reason_of(error)}",
                    hint="Convert it, or take it out.",
                ) from error
        self._chunks.append(block.finish(self._found, range(first, first + len(pictures))))
        self._n += len(pictures)

    def finish(self) -> np.ndarray:
        other = self.resized_from
        if other is not None and not self._resize:
            raise self._found.wrong_size(other, (self._shape.height, self._shape.width))
        return np.concatenate(self._chunks)

    def notes(self) -> tuple[str, ...]:
        return self._found.notes(self._n)
