"""Two small splits, and folders that hold them in one layout or another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from regene_bench.data.layouts import Layout, LayoutOptions, detect_layout

from .builders import encode, image_set, write_class_folders, write_idx_set, write_parquet

TRAIN, TEST = image_set(12), image_set(6, seed=1)


def found(folder: Path, options: LayoutOptions | None = None) -> Layout:
    layout = detect_layout(folder, options or LayoutOptions())
    assert layout is not None
    return layout


def parquet_set(folder: Path, **options: Any) -> None:
    for split, data in (("train", TRAIN), ("test", TEST)):
        write_parquet(
            folder / f"{split}-00000-of-00001.parquet",
            [encode(image) for image in data.images],
            data.labels,
            **({"class_names": data.class_names} | options),
        )


def split_folders(folder: Path) -> None:
    write_class_folders(folder / "train", TRAIN)
    write_class_folders(folder / "test", TEST)


def torchvision_set(folder: Path) -> None:
    write_idx_set(folder / "MNIST" / "raw", TRAIN, TEST, suffix="")
