"""Layouts that torchvision reads, and arrays that Keras and MedMNIST publish."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regene_bench.data.source import ImageSet
from tests.real_formats.format import SET_NAME, Content, Format, content
from tests.real_formats.torchvision_writers import (
    blocky,
    write_celeba,
    write_cifar100,
    write_emnist,
    write_kmnist,
    write_qmnist,
    write_stl10,
    write_svhn,
)

DIGITS = list("0123456789")
STL10 = ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"]


def _keras(folder: Path, made: Content) -> None:
    np.savez(
        folder / "mnist.npz",
        x_train=made.train.images[:, 0],
        y_train=made.train.labels.astype(np.uint8),
        x_test=made.test.images[:, 0],
        y_test=made.test.labels.astype(np.uint8),
    )


def write_medmnist(folder: Path, made: Content) -> None:
    """Write ``bloodmnist.npz``, with the test images backwards as validation split."""
    splits = {"train": made.train, "val": _reversed(made.test), "test": made.test}
    arrays = {f"{name}_images": data.images.transpose(0, 2, 3, 1) for name, data in splits.items()}
    labels = {
        f"{name}_labels": data.labels[:, None].astype(np.uint8) for name, data in splits.items()
    }
    np.savez_compressed(folder / "bloodmnist.npz", **arrays, **labels)


def write_pixel_csv(path: Path, data: ImageSet, *, first: int = 0, label: str = "label") -> None:
    """Write a table as pandas does for Kaggle: ``label,pixel0,pixel1``, grey pixels row by row."""
    pixels = data.images.reshape(len(data.images), -1)
    titles = [f"pixel{first + i}" for i in range(pixels.shape[1])]
    table = pd.DataFrame(pixels, columns=titles)
    if label:
        table.insert(0, label, data.labels)
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False)


def _kaggle(folder: Path, made: Content) -> None:
    write_pixel_csv(folder / "fashion" / "fashion-mnist_train.csv", made.train, first=1)
    write_pixel_csv(folder / "fashion" / "fashion-mnist_test.csv", made.test, first=1)


def _reversed(data: ImageSet) -> ImageSet:
    return ImageSet(data.images[::-1].copy(), data.labels[::-1].copy(), data.class_names)


def _torchvision(
    dataset: str,
    title: str,
    write: Callable[[Path, Content], None],
    made: Content,
    *,
    read: str,
    recognised: str,
    refused: str = "missing or damaged files",
    **options: Any,
) -> Format:
    return Format(
        name=f"torchvision's {title}",
        libraries=("torchvision",),
        content=made,
        write=lambda folder, content: write(folder / SET_NAME, content),
        recognised=f'`dataset = "{dataset}"` and {recognised}',
        read=read,
        refused=refused,
        source="torchvision",
        options={"dataset": dataset, **options},
    )


_BY_MD5 = "files that are not the published ones, by their MD5"
TORCHVISION = (
    _torchvision(
        "KMNIST",
        "KMNIST",
        write_kmnist,
        content(1, 28, 28, ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]),
        recognised="`KMNIST/raw/`",
        read="both splits; torchvision's class names",
    ),
    _torchvision(
        "EMNIST",
        "EMNIST (letters)",
        write_emnist("letters"),
        content(1, 28, 28, list("abcdefghijklmnopqrstuvwxyz"), train=52, test=26),
        recognised="`EMNIST/raw/`",
        read="images turned upright, labels from 0; `split` names the set",
        split="letters",
    ),
    _torchvision(
        "EMNIST",
        "EMNIST (balanced, byclass, bymerge, digits, mnist)",
        write_emnist("balanced"),
        content(
            1,
            28,
            28,
            list("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"),
            train=94,
            test=47,
        ),
        recognised="`EMNIST/raw/`",
        read="images turned upright; `split` names the set",
        split="balanced",
    ),
    _torchvision(
        "QMNIST",
        "QMNIST",
        write_qmnist,
        content(1, 28, 28, DIGITS),
        recognised="`QMNIST/raw/`",
        read="60,000 to train and all 60,000 to test; the first of eight labels",
    ),
    _torchvision(
        "CIFAR100",
        "CIFAR-100",
        write_cifar100,
        content(3, 32, 32, [f"fine {i}" for i in range(100)], train=100, test=100),
        recognised="`cifar-100-python/`",
        read="fine labels, or with `coarse = true` coarse ones",
        refused=_BY_MD5,
    ),
    _torchvision(
        "SVHN",
        "SVHN",
        write_svhn,
        content(3, 32, 32, DIGITS),
        recognised="`train_32x32.mat`",
        read="train and test; label 10 is the digit 0",
        refused=_BY_MD5,
    ),
    _torchvision(
        "STL10",
        "STL-10",
        write_stl10,
        content(3, 96, 96, STL10, train=20, test=10),
        recognised="`stl10_binary/`",
        read="train and test; not the unlabelled images",
        refused=_BY_MD5,
    ),
    _torchvision(
        "CelebA",
        "CelebA",
        write_celeba,
        blocky(content(1, 3, 2, ["not Smiling", "Smiling"], train=8, test=4)),
        recognised="`celeba/list_eval_partition.txt`",
        read="two classes by an attribute of the list; train and test of the partition",
        refused=f"{_BY_MD5}; attributes that are not in the list",
        attribute="Smiling",
    ),
)
FORMATS = (
    *TORCHVISION,
    Format(
        name="Keras' `.npz`",
        libraries=("numpy",),
        content=content(1, 28, 28, DIGITS, train=20, test=10),
        write=_keras,
        recognised="arrays `x_train`, `y_train`, `x_test`, `y_test`",
        read="uint8 images, integer labels; samples by `--split`",
        refused="labels that are no integers, or several an image",
        source="npz",
        options={"path": "mnist.npz"},
        samples="mnist.npz",
        said={"split": "test"},
    ),
    Format(
        name="MedMNIST",
        libraries=("medmnist",),
        content=content(3, 28, 28, list("01234567"), train=16, test=8),
        write=write_medmnist,
        recognised="arrays `train_images`, `train_labels`, `val_images`, … in a `.npz`",
        read="train and test, as samples any split; labels `[N, 1]`",
        refused="several findings an image (ChestMNIST); volumes",
        source="npz",
        options={"path": "bloodmnist"},
        samples="bloodmnist.npz",
        said={"split": "test"},
    ),
    Format(
        name="CSV of pixels (Kaggle)",
        libraries=("pandas",),
        content=content(1, 28, 28, ["top", "bag", "boot"], train=12, test=6),
        write=_kaggle,
        recognised="`.csv` whose first line is `label,pixel0,…`, `label,pixel1,…` or `label,1x1,…`",
        read="whole numbers in 0..255, row by row; a test file without labels is passed over",
        refused="no first line of titles; pixels out of order; colours without `colours = …`",
        source="pixel-csv",
        options={"path": "fashion", "class_names": ["top", "bag", "boot"]},
        samples="fashion/fashion-mnist_test.csv",
    ),
)
