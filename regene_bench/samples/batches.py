"""What programs hold samples in, as batches: lists, data sets, loaders and iterators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, TensorDataset

from regene_bench.samples.arrays import as_array
from regene_bench.samples.items import (
    are_labels,
    holds_images,
    image_array,
    is_grey_batch,
    label_array,
    parted,
)
from regene_bench.samples.not_samples import refuse_named_parts
from regene_bench.samples.sources import DATA_SET, ITERATOR, LIST, LOADER, PAIR
from regene_bench.samples.stored_types import in_stored_types

_BATCH: Final = 256


@dataclass(frozen=True)
class Batch:
    """Some images.

    Attributes:
        images: An array ``[n, …]``, or n pictures.
        labels: n labels of any kind, or None.
    """

    images: np.ndarray | list[Image.Image]
    labels: np.ndarray | None = None


@dataclass(frozen=True)
class Stream:
    """Samples that come batch by batch.

    Attributes:
        name: What they are called in messages.
        batches: Them.
        total: How many images there are, if that is known.
        origin: The data set or loader that they come from, which may list its classes.
    """

    name: str
    batches: Iterator[Batch]
    total: int | None = None
    origin: Any = None


def stream_of(samples: Any, n_channels: int) -> Stream | None:
    """Take apart whatever holds samples.

    Args:
        samples: A list of pictures, arrays or pairs; a pair of images and labels; a
            ``TensorDataset``; a ``Dataset`` of torch, torchvision or Hugging Face; a
            ``DataLoader``; or an iterator of batches.
        n_channels: Channels of the benchmark's images, which tell an image ``[3, H, W]`` from a
            batch of three grey ones.

    Returns:
        None if it is none of these: then it is an array, or nothing that can be read.

    Raises:
        DataError: It is a dictionary or a list of paths, which say how they are given instead.
    """
    refuse_named_parts(samples)
    if isinstance(samples, TensorDataset):
        if len(samples.tensors) == 1:
            return Stream(DATA_SET, iter([Batch(as_array(samples.tensors[0]))]), len(samples))
        samples = samples.tensors
    if isinstance(samples, np.ndarray | torch.Tensor):
        return None
    if isinstance(samples, tuple | list) and _is_pair(samples):
        images, labels = samples
        inner = stream_of(images, n_channels)
        batches = inner.batches if inner else iter([Batch(as_array(images))])
        return Stream(
            PAIR,
            _with_labels(batches, label_array(labels)),
            inner.total if inner else len(images),
        )
    if isinstance(samples, list | tuple):
        if not samples or not holds_images(samples[0]):
            return None
        single = None if any(map(is_grey_batch, samples)) else True
        total = len(samples) if single else None
        return Stream(LIST, _grouped(samples, n_channels, single=single), total)
    if isinstance(samples, DataLoader):
        items = in_stored_types(samples, samples)
        return Stream(LOADER, _grouped(items, n_channels, single=False), None, samples)
    if hasattr(samples, "num_rows") and hasattr(samples, "features"):
        # a data set of Hugging Face
        rows = _grouped(in_stored_types(samples, samples), n_channels, single=True)
        return Stream(DATA_SET, rows, samples.num_rows, samples)
    if isinstance(samples, Dataset) and hasattr(samples, "__len__"):
        n = len(samples)
        items = in_stored_types((samples[i] for i in range(n)), samples)
        return Stream(DATA_SET, _grouped(items, n_channels, single=True), n, samples)
    if isinstance(samples, Iterable) and not hasattr(samples, "__array__"):
        items = in_stored_types(samples, samples)
        return Stream(ITERATOR, _grouped(items, n_channels, single=None), None, samples)
    return None


def _grouped(items: Iterable[Any], n_channels: int, *, single: bool | None) -> Iterator[Batch]:
    """Yield what is batched as it is, and images that come alone some at a time.

    Args:
        items: Batches or images.
        n_channels: See ``stream_of``.
        single: Whether an array of three axes is one image; None if its shape tells.
    """
    waiting: list[Batch] = []
    for number, item in enumerate(items):
        batch, is_alone = _batch(item, number, n_channels, single)
        if waiting and (not is_alone or len(waiting) == _BATCH or not _alike(waiting[0], batch)):
            yield _merged(waiting)
            waiting = []
        if is_alone:
            waiting.append(batch)
        else:
            yield batch
    if waiting:
        yield _merged(waiting)


def _batch(item: Any, number: int, n_channels: int, single: bool | None) -> tuple[Batch, bool]:
    """Read one item; tell also whether it is an image alone."""
    images, labels = parted(item, number)
    if isinstance(images, Image.Image):
        return Batch([images], _one(labels)), True
    if isinstance(images, list | tuple) and images and isinstance(images[0], Image.Image):
        return Batch(list(images), labels), False
    array = image_array(images, number)
    scalar = labels is not None and labels.ndim == 0
    if array.ndim == 2 or (
        array.ndim == 3 and (single or scalar or (single is None and _is_one(array, n_channels)))
    ):
        # a copy: it waits for others, while who yields it may fill it again
        return Batch(np.array(array[None]), _one(labels)), True
    return Batch(array, labels), False


def _is_one(array: np.ndarray, n_channels: int) -> bool:
    """Whether three axes are an image's; else they are those of a batch of grey images."""
    first, _, last = array.shape
    return last == 1 or (n_channels != 1 and 3 in (first, last))


def _is_pair(samples: Sequence[Any]) -> bool:
    """Whether it is images and their labels, not two images or two batches."""
    if len(samples) != 2 or not are_labels(samples[1]):
        return False
    images, labels = samples
    if not isinstance(labels, list | tuple | np.ndarray | torch.Tensor):
        return False
    if isinstance(images, list | tuple):
        return bool(images) and holds_images(images[0])
    return hasattr(images, "ndim") and images.ndim >= 3


def _one(labels: np.ndarray | None) -> np.ndarray | None:
    return labels[None] if labels is not None and labels.shape != (1,) else labels


def _alike(one: Batch, other: Batch) -> bool:
    """Whether two images can stand in one batch."""
    if (one.labels is None) != (other.labels is None):
        return False
    if isinstance(one.images, list) or isinstance(other.images, list):
        return isinstance(one.images, list) and isinstance(other.images, list)
    return one.images.shape == other.images.shape and one.images.dtype == other.images.dtype


def _merged(batches: Sequence[Batch]) -> Batch:
    labels = [batch.labels for batch in batches if batch.labels is not None]
    pictures = [one for batch in batches if isinstance(batch.images, list) for one in batch.images]
    arrays = [batch.images for batch in batches if isinstance(batch.images, np.ndarray)]
    return Batch(pictures or np.concatenate(arrays), np.concatenate(labels) if labels else None)


def _with_labels(batches: Iterator[Batch], labels: np.ndarray) -> Iterator[Batch]:
    """Hand out labels batch by batch; what is over or missing shows in their number."""
    place = 0
    waiting: Batch | None = None
    for batch in batches:
        if waiting is not None:
            n = len(waiting.images)
            yield Batch(waiting.images, labels[place : place + n])
            place += n
        waiting = batch
    if waiting is not None:
        yield Batch(waiting.images, labels[place:])
