"""Layouts that torchvision reads, and arrays that Keras and MedMNIST publish."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from regene_bench.data.source import ImageSet
from tests.real_formats.format import Content, Format, content


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


FORMATS = (
    Format(
        name="Keras' `.npz`",
        libraries=("numpy",),
        content=content(1, 28, 28, list("0123456789"), train=20, test=10),
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
