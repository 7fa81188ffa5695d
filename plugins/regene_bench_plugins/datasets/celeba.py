"""CelebA as torchvision leaves it: 200,000 JPEG files, and lists of splits and attributes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from regene_bench.api import DataError, did_you_mean
from regene_bench.data.readers import Block, Records

FOLDER: Final = "celeba"
_IMAGES: Final = "img_align_celeba"


def celeba_files(root: Path) -> tuple[Path, ...]:
    """Return the lists and all images, without reading any."""
    folder = root / FOLDER
    images = folder / _IMAGES
    return (*sorted(folder.glob("*.txt")), *(sorted(images.iterdir()) if images.is_dir() else ()))


def celeba_records(dataset: Any, attribute: str) -> tuple[Records, tuple[str, str]]:
    """List the images of one split, for decoding many at once.

    Args:
        dataset: An instance of torchvision's ``CelebA``, which has read and checked the lists.
        attribute: Name of one of the 40 attributes, such as ``"Smiling"``.

    Returns:
        The images, those without the attribute of class 0 and those with it of class 1, and the
        names of the two classes.

    Raises:
        DataError: There is no such attribute.
    """
    names = [name for name in dataset.attr_names if name]
    if attribute not in names:
        raise DataError(
            f"CelebA has no attribute {attribute!r}.", hint=did_you_mean(attribute, names)
        )
    labels = dataset.attr[:, names.index(attribute)].numpy().astype(np.int64)
    folder = Path(dataset.root) / dataset.base_folder / _IMAGES
    paths = [folder / name for name in dataset.filename]

    def blocks() -> Iterator[Block]:
        yield Block(np.arange(len(paths)), paths, lambda i: str(paths[i]))

    return Records(labels, blocks), (f"not {attribute}", attribute)
