"""Images so simple that a failure is the plugin's: the class is the place of a bright stripe."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from regene_bench.data.device_images import BenchmarkData, DeviceImages, to_float
from regene_bench.data.shapes import ImageShape

_NOISE = 60
_STRIPE = 150
TRAIN_PER_CLASS = 40
TEST_PER_CLASS = 20


def striped_data(shape: ImageShape) -> BenchmarkData:
    """Make a data set of noisy images with one bright vertical stripe, whose place is the class.

    The mean images of two classes are farther apart than any image is from its own class's mean, so
    that the nearest mean (``nearest_class``) tells the class of every image. Equal shapes give
    equal images, in memory of their own.

    Args:
        shape: Size, channels and number of classes; the image should be as wide as there are
            classes.

    Returns:
        A train split of 40 and a test split of 20 images a class.
    """
    return BenchmarkData(
        name="stripes",
        shape=shape,
        class_names=tuple(f"stripe {label}" for label in range(shape.n_classes)),
        fingerprint=f"stripes {shape}",
        train=stripes(shape, TRAIN_PER_CLASS, seed=0),
        test=stripes(shape, TEST_PER_CLASS, seed=1),
    )


def another_test_split(data: BenchmarkData) -> BenchmarkData:
    """Give the same data with held-out images that nobody would take for the same.

    They are as many of each class, drawn anew and inverted. The training images stay.
    """
    fresh = stripes(data.shape, TEST_PER_CLASS, seed=3)
    inverted = DeviceImages(255 - fresh.images, fresh.labels)
    return replace(data, test=inverted, fingerprint=f"{data.fingerprint}, inverted test split")


def stripes(shape: ImageShape, per_class: int, seed: int) -> DeviceImages:
    """Draw ``per_class`` images of each class, uint8 ``[N, C, H, W]``, sorted by class."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(shape.n_classes), per_class)
    size = (len(labels), shape.channels, shape.height, shape.width)
    images = rng.integers(0, _NOISE, size, dtype=np.uint8)
    wide = max(1, shape.width // shape.n_classes)
    for image, label in zip(images, labels, strict=True):
        start = label * shape.width // shape.n_classes
        image[:, :, start : start + wide] += _STRIPE
    return DeviceImages(torch.from_numpy(images), torch.from_numpy(labels))


def moved(data: BenchmarkData, device: torch.device) -> BenchmarkData:
    """Give the same data on a device."""
    return replace(
        data, train=moved_images(data.train, device), test=moved_images(data.test, device)
    )


def moved_images(images: DeviceImages, device: torch.device) -> DeviceImages:
    """Give the same images on a device."""
    return DeviceImages(images.images.to(device), images.labels.to(device))


def class_means(images: DeviceImages, n_classes: int) -> Tensor:
    """Give the mean image of each class, float32 ``[K, C·H·W]`` in [0, 1]."""
    pixels = to_float(images.images).flatten(1)
    return torch.stack([pixels[images.labels == label].mean(0) for label in range(n_classes)])


def nearest_class(images: Tensor, means: Tensor) -> Tensor:
    """Tell for each image the class whose mean image is nearest in Euclidean distance.

    Args:
        images: Floats ``[N, C, H, W]`` in [0, 1].
        means: As ``class_means`` gives them, ``[K, C·H·W]``.

    Returns:
        int64 ``[N]``.
    """
    return torch.cdist(images.float().flatten(1), means).argmin(1)
