"""A benchmark's data that are read when somebody looks at an image, and not before.

A trained model is made again by its method's own ``fit``, which is handed data. Many methods only
ask how many training images there were, so their models come back where no data are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from regene_bench.data.device_images import BenchmarkData, DeviceImages
from regene_bench.harness.model_description import ModelDescription
from regene_bench.harness.workbench import generated_labels


class UnreadImages(DeviceImages):
    """One split that is read at the first look at its images or labels.

    Args:
        n: How many images it has.
        device: Where they will be.
        read: Reads them.
    """

    def __init__(self, n: int, device: torch.device, read: Callable[[], DeviceImages]) -> None:
        # past the frozen dataclass, whose two fields are the properties below
        object.__setattr__(self, "_n", n)
        object.__setattr__(self, "_device", device)
        object.__setattr__(self, "_read", cache(read))

    def __len__(self) -> int:
        return int(self.__dict__["_n"])

    @property
    def device(self) -> torch.device:
        """Where the images will be."""
        device: torch.device = self.__dict__["_device"]
        return device

    @property
    def images(self) -> Tensor:
        """uint8 ``[N, C, H, W]``, read now if they were not."""
        images: Tensor = self.__dict__["_read"]().images
        return images

    @property
    def labels(self) -> Tensor:
        """int64 ``[N]``, read now if they were not."""
        labels: Tensor = self.__dict__["_read"]().labels
        return labels


def unread_data(
    description: ModelDescription, device: torch.device, read: Callable[[], BenchmarkData]
) -> BenchmarkData:
    """The data that a model was trained on, unread.

    Args:
        description: Knows all of them but the images.
        device: Where they are to be.
        read: Reads both splits; called once at most.
    """
    read_once = cache(read)
    return BenchmarkData(
        name=description.protocol.data.source,
        shape=description.protocol.data.shape,
        class_names=tuple(description.class_names),
        fingerprint=description.fingerprint,
        train=UnreadImages(description.n_train, device, lambda: read_once().train),
        test=UnreadImages(description.n_test, device, lambda: read_once().test),
        augmentation=description.protocol.augmentation,
        generated=generated_labels(description.protocol, description.class_names),
        counts=tuple(description.train_per_class),
    )
