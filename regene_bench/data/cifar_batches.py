"""CIFAR-10's own Python archive. Its batches are pickles, so only the official bytes are opened."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.shapes import Split

CIFAR_FOLDER: Final = "cifar-10-batches-py"
"""Name of the folder that the official archive unpacks to."""


def find_cifar_batches(folder: Path) -> tuple[Path, ...]:
    """Return the batch files under ``folder`` (or in it, if it is the batches' folder itself).

    Returns:
        Paths of the files that lie there, empty if there is no such folder.
    """
    batches = folder if folder.name == CIFAR_FOLDER else folder / CIFAR_FOLDER
    if not batches.is_dir():
        return ()
    return tuple(sorted(path for path in batches.iterdir() if "batch" in path.name))


def check_cifar_batches(files: tuple[Path, ...]) -> None:
    """Refuse batches whose bytes are not the official ones, without opening them as pickles.

    Raises:
        DataError: A file is missing or its MD5 is not that of the official archive; names it.
    """
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import check_integrity

    folder = files[0].parent
    official = [*CIFAR10.train_list, *CIFAR10.test_list]
    official.append([CIFAR10.meta["filename"], CIFAR10.meta["md5"]])
    for name, md5 in official:
        path = folder / name
        if not check_integrity(str(path), md5):
            state = "is not the official file (its MD5 differs)" if path.exists() else "is missing"
            raise DataError(
                f"Refusing to read {folder}: {path} {state}, and a pickle from anywhere else "
                "could run any program.",
                hint=f"Unpack the official {CIFAR10.url} there again, or use Parquet or class "
                "folders.",
            )


def read_cifar_batches(
    files: tuple[Path, ...], split: Split
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Read one split through torchvision's own class, after checking every file.

    Returns:
        uint8 images ``[N, 3, 32, 32]``, int64 labels ``[N]`` and the class names.

    Raises:
        DataError: A file is not the official one; names it.
    """
    from torchvision.datasets import CIFAR10

    check_cifar_batches(files)
    data = CIFAR10(str(files[0].parent.parent), train=split == "train")
    images = np.ascontiguousarray(np.asarray(data.data, dtype=np.uint8).transpose(0, 3, 1, 2))
    return images, np.asarray(data.targets, dtype=np.int64), tuple(data.classes)
