"""Images and labels out of torchvision's own data set classes, in one form for all of them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

Arrays = tuple[np.ndarray, np.ndarray, "tuple[str, ...] | None"]
"""uint8 images ``[N, C, H, W]``, labels int64 ``[N]``, and K class names if torchvision has any."""

_DIGITS: Final = tuple("0123456789")


def _kmnist(dataset: Any) -> Arrays:
    return dataset.data.numpy()[:, None], dataset.targets.numpy(), tuple(dataset.classes)


def _emnist(dataset: Any) -> Arrays:
    # the files hold every image with rows and columns swapped, and torchvision gives it so
    images = dataset.data.numpy()[:, None].swapaxes(2, 3)
    labels, names = dataset.targets.numpy(), tuple(dataset.classes)
    if dataset.split == "letters":
        return images, labels - 1, names[1:]  # its labels begin at 1; class 0 is "N/A"
    return images, labels, names


def _qmnist(dataset: Any) -> Arrays:
    # eight numbers an image; the first is the digit, the others say who wrote it and where
    return dataset.data.numpy()[:, None], dataset.targets[:, 0].numpy(), _DIGITS


def _cifar(dataset: Any) -> Arrays:
    images = dataset.data.transpose(0, 3, 1, 2)
    return images, np.array(dataset.targets, dtype=np.int64), tuple(dataset.classes)


def coarse_labels(dataset: Any) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read CIFAR-100's 20 coarse classes, which torchvision leaves in the files.

    Args:
        dataset: An instance of torchvision's ``CIFAR100``. It exists only if the MD5 sums of its
            files are those of the publication, so that unpickling them is safe.

    Returns:
        Labels int64 ``[N]`` and 20 class names.
    """
    folder = Path(dataset.root) / dataset.base_folder
    parts = dataset.train_list if dataset.train else dataset.test_list
    labels: list[int] = []
    for name, _ in parts:
        with (folder / name).open("rb") as file:
            labels += pickle.load(file, encoding="latin1")["coarse_labels"]
    with (folder / dataset.meta["filename"]).open("rb") as file:
        names = pickle.load(file, encoding="latin1")["coarse_label_names"]
    return np.array(labels, dtype=np.int64), tuple(names)


def _svhn(dataset: Any) -> Arrays:
    # torchvision has made 0 of the label 10 already
    return dataset.data, np.atleast_1d(dataset.labels), _DIGITS


def _stl(dataset: Any) -> Arrays:
    names = getattr(dataset, "classes", None)
    return dataset.data, dataset.labels.astype(np.int64), tuple(names) if names else None


ARRAYS: Final[dict[str, Callable[[Any], Arrays]]] = {
    "KMNIST": _kmnist,
    "EMNIST": _emnist,
    "QMNIST": _qmnist,
    "CIFAR100": _cifar,
    "SVHN": _svhn,
    "STL10": _stl,
}
"""How to take images and labels out of an instance of torchvision's class of that name."""
