"""Images beside each other: class folders, and StyleGAN's folders with ``dataset.json``."""

from __future__ import annotations

from pathlib import Path

from tests.data.builders import write_class_folders, write_idx_set
from tests.real_formats.format import SET_NAME, Content, Format, content
from tests.stylegan import write_stylegan


def _class_folders(folder: Path, made: Content) -> None:
    write_class_folders(folder / SET_NAME / "train", made.train)
    write_class_folders(folder / SET_NAME / "test", made.test)


def _stylegan(suffix: str) -> Format:
    def write(folder: Path, made: Content) -> None:
        for split, data in (("train", made.train), ("test", made.test)):
            labels = [int(label) for label in data.labels]
            write_stylegan(folder / SET_NAME / f"{split}{suffix}", data.images, labels)

    return Format(
        name="StyleGAN2, StyleGAN3, EDM" + (" (zip)" if suffix else ""),
        libraries=(),
        content=content(3, 16, 16, ["0", "1", "2"]),
        write=write,
        recognised="`dataset.json` beside the images",
        read="labels that are integers, names or one-hot vectors; images without one are named",
        refused="numbered chunks (`00000/`) without `dataset.json`, as a data set",
        source="" if suffix else "folder",
        samples=f"{SET_NAME}/test{suffix}",
    )


def _idx(folder: Path, made: Content) -> None:
    write_idx_set(folder / SET_NAME / "MNIST" / "raw", made.train, made.test, suffix="")


FORMATS = (
    Format(
        name="class folders (torchvision's `ImageFolder`)",
        libraries=("pillow",),
        content=content(3, 12, 10, ["cat", "dog", "owl"]),
        write=_class_folders,
        recognised="a folder a class, within `train` and `test` or without",
        read="PNG, JPEG, WebP, BMP, GIF, TIFF, PPM, JPEG 2000, AVIF; linked folders; TIFF pages",
        refused="folders that are all splits and of which none is for training",
        source="folder",
        samples=f"{SET_NAME}/test",
    ),
    _stylegan(""),
    _stylegan(".zip"),
    Format(
        name="MNIST's idx files",
        libraries=(),
        content=content(1, 28, 28, tuple("0123456789")),
        write=_idx,
        recognised="`*-ubyte` or `*-ubyte.gz`, also in `MNIST/raw` or `FashionMNIST/raw`",
        read="both splits, in a folder called `mnist` or the like, else by their class counts",
        refused="torn files; another data set under one of these names",
        source="mnist",
    ),
)
