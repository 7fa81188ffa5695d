"""A data set that lives on the device as uint8 and is indexed there.

A batch is one gather and one conversion on the device; nothing is copied from the host while a
network trains.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

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
    """

    name: str
    shape: ImageShape
    class_names: tuple[str, ...]
    fingerprint: str
    train: DeviceImages
    test: DeviceImages
    augmentation: Augmentation = field(default_factory=Augmentation)


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
