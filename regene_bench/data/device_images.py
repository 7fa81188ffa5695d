"""A data set that lives on the device as uint8 and is indexed there.

A batch is one gather and one conversion on the device; nothing is copied from the host while a
network trains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import torch
from torch import Tensor

from regene_bench.data.shapes import Augmentation, ImageShape
from regene_bench.data.source import ImageSet


@dataclass(frozen=True)
class DeviceImages:
    """One split on a device.

    Attributes:
        images: uint8 ``[N, C, H, W]``.
        labels: int64 ``[N]``.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.images)

    @property
    def device(self) -> torch.device:
        return self.images.device

    def batch(self, indices: Tensor) -> Tensor:
        """Return the images at ``indices`` (int64, same device) as float32 in [0, 1]."""
        return to_float(self.images[indices])

    def chunks(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield ``(images float32 in [0, 1], labels)`` in order, ``size`` at a time."""
        for start in range(0, len(self), size):
            part = slice(start, start + size)
            yield to_float(self.images[part]), self.labels[part]

    def of_class(self, label: int) -> Tensor:
        """Indices (int64) of the images of one class, ascending."""
        return torch.nonzero(self.labels == label).flatten()

    def subset(self, indices: Tensor) -> DeviceImages:
        """Return the split restricted to ``indices``."""
        return DeviceImages(self.images[indices], self.labels[indices])

    def rows_of(self, labels: Sequence[int]) -> Tensor:
        """Indices (int64) of the images of some classes, ascending."""
        wanted = torch.tensor(labels, dtype=torch.int64, device=self.device)
        return torch.nonzero(torch.isin(self.labels, wanted)).flatten()

    def every_kth(self, most: int) -> DeviceImages:
        """Every k-th image in order, with the smallest k that leaves at most ``most``.

        A sample of a long split without a draw: the same images each time, spread evenly over it.

        Args:
            most: How many images may stay, at least 1; a split that has no more stays whole.

        Returns:
            Images 0, k, 2k, … with their labels.
        """
        step = max(1, -(-len(self) // most))
        return self.subset(torch.arange(0, len(self), step, device=self.device))


class SelectedImages(DeviceImages):
    """Some images of a split, gathered batch by batch: the split is neither copied nor read before.

    Args:
        whole: The split.
        n: How many are selected.
        rows: Gives their places in the split, int64 ``[n]``; called when an image is wanted.
    """

    def __init__(self, whole: DeviceImages, n: int, rows: Callable[[], Tensor]) -> None:
        # past the frozen dataclass, whose two fields are the properties below
        object.__setattr__(self, "_whole", whole)
        object.__setattr__(self, "_n", n)
        object.__setattr__(self, "_rows", cache(rows))
        object.__setattr__(self, "_labels", cache(lambda: whole.labels[self.rows]))

    def __len__(self) -> int:
        return int(self.__dict__["_n"])

    @property
    def whole(self) -> DeviceImages:
        """The split that they are of."""
        whole: DeviceImages = self.__dict__["_whole"]
        return whole

    @property
    def rows(self) -> Tensor:
        """Their places in the split, int64 ``[N]``."""
        rows: Tensor = self.__dict__["_rows"]()
        return rows

    @property
    def device(self) -> torch.device:
        """Where the split is."""
        return self.whole.device

    @property
    def images(self) -> Tensor:
        """uint8 ``[N, C, H, W]``: a copy, made anew at each look."""
        return self.whole.images[self.rows]

    @property
    def labels(self) -> Tensor:
        """int64 ``[N]``."""
        labels: Tensor = self.__dict__["_labels"]()
        return labels

    def batch(self, indices: Tensor) -> Tensor:
        """Return the images at ``indices`` (int64, same device) as float32 in [0, 1]."""
        return self.whole.batch(self.rows[indices])

    def chunks(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield ``(images float32 in [0, 1], labels)`` in order, ``size`` at a time."""
        for part in torch.split(self.rows, size):
            yield self.whole.batch(part), self.whole.labels[part]

    def subset(self, indices: Tensor) -> DeviceImages:
        """Return the images at ``indices`` as a split of their own."""
        return self.whole.subset(self.rows[indices])


@dataclass(frozen=True)
class BenchmarkData:
    """Both splits of a benchmark's data on the device, and what identifies them.

    Attributes:
        name: Name of the data set.
        shape: Image shape and number of classes.
        class_names: Names in label order.
        fingerprint: SHA-256 over decoded pixels, labels and split.
        train: Training split.
        test: Held-out split.
        augmentation: The protocol's augmentation of classifier batches.
        generated: Labels of the classes that the protocol generates and compares, ascending; empty
            where these are all.
        counts: How many training images each class has, ``K`` numbers; empty where nobody has
            counted. Models come back by it where the images are not.
    """

    name: str
    shape: ImageShape
    class_names: tuple[str, ...]
    fingerprint: str
    train: DeviceImages
    test: DeviceImages
    augmentation: Augmentation = field(default_factory=Augmentation)
    generated: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()

    @property
    def generated_labels(self) -> tuple[int, ...]:
        """Labels of the classes that are generated and compared, ascending."""
        return self.generated or tuple(range(len(self.class_names)))

    def train_per_class(self) -> tuple[int, ...]:
        """How many training images each class has, ``K`` numbers."""
        if self.counts:
            return self.counts
        found = torch.bincount(self.train.labels, minlength=len(self.class_names))
        return tuple(int(count) for count in found.tolist())

    def train_generated(self) -> DeviceImages:
        """The training images of the classes that are generated: what a generator is to learn.

        The others, where a protocol has them, are for a classifier to tell these from.
        """
        labels = self.generated_labels
        if len(labels) == len(self.class_names):
            return self.train
        n = sum(self.train_per_class()[label] for label in labels)
        return SelectedImages(self.train, n, lambda: self.train.rows_of(labels))

    def without_other_classes(self) -> BenchmarkData:
        """The same data without training images of classes that are not generated.

        For generators that do not look at labels: they would give images of the others, too.
        """
        images = self.train_generated()
        if images is self.train:
            return self
        counts = enumerate(self.train_per_class())
        own = tuple(n if label in self.generated_labels else 0 for label, n in counts)
        return replace(self, train=images, counts=own)

    def test_generated(self) -> DeviceImages:
        """The held-out images of these classes; all of them where no class is left out."""
        labels = self.generated_labels
        if len(labels) == len(self.class_names):
            return self.test
        rows = self.test.rows_of(labels)
        return SelectedImages(self.test, len(rows), lambda: rows)


def to_float(images: Tensor) -> Tensor:
    """Convert uint8 ``[N, C, H, W]`` to float32 in [0, 1], channels last."""
    return images.to(torch.float32, memory_format=torch.channels_last).div_(255.0)


def to_uint8(images: Tensor) -> Tensor:
    """Round float images in [0, 1] to uint8: what a saved picture would hold."""
    return images.detach().float().mul(255.0).round_().clamp_(0, 255).to(torch.uint8)


def place(images: ImageSet, device: torch.device) -> DeviceImages:
    """Copy a decoded split to the device, where it stays for the whole run."""
    return DeviceImages(
        torch.from_numpy(np.array(images.images, copy=True)).to(device),
        torch.from_numpy(np.array(images.labels, copy=True)).to(device),
    )
