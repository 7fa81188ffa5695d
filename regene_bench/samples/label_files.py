"""Labels that lie in a file beside the images: .npy, .txt or .csv."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.samples.labelling import labels_of_array

SUFFIXES = (".npy", ".txt", ".csv")


def read_label_file(
    path: Path, names: Sequence[str], n: int, class_names: Sequence[str]
) -> np.ndarray:
    """Read one label an image.

    * ``.npy``: integers or class names ``[N]``, in the order of the images;
    * ``.txt``: a line an image, a name or a number, in the order of the images;
    * ``.csv``: the image's file name and its label, in any order; a header may stand above.

    Files of images are in the order of their names; where text and numbers sort otherwise
    (``10.png`` before ``2.png``) only a ``.csv`` is unmistakable, and nothing else is read.

    Args:
        path: The file.
        names: Names of the images' files; empty where they have none.
        n: Number of images.
        class_names: K names in label order.

    Returns:
        int64 ``[N]``.

    Raises:
        DataError: It cannot be read, labels another number of images, or names an unknown class.
    """
    suffix = path.suffix.lower()
    if suffix != ".csv" and sorted(names, key=_as_counted) != list(names):
        raise DataError(
            f"The labels in {path} are in the order of the images' names, but these names sort "
            "differently as text and as numbers.",
            hint="Give a .csv with a file name and a label on each line.",
        )
    try:
        if suffix == ".npy":
            values = np.load(path, allow_pickle=False)
        elif suffix == ".csv":
            values = np.array(_by_name(path, names), dtype=np.str_)
        else:
            lines = path.read_text(encoding="utf-8").splitlines()
            values = np.array([line.strip() for line in lines if line.strip()], dtype=np.str_)
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"Cannot read the labels {path}: {error}.") from None
    if len(values) != n:
        raise DataError(f"{path} has {len(values)} labels for {n} images.")
    return labels_of_array(values, class_names, str(path))


def _as_counted(name: str) -> list[tuple[str, int]]:
    """Sort key that takes the digits in a name for numbers."""
    return [(text, int(digits or 0)) for text, digits in re.findall(r"(\D+|^)(\d*)", name)]


def _by_name(path: Path, names: Sequence[str]) -> list[str]:
    if not names:
        raise DataError(
            f"{path} labels files by name, but these images have none.",
            hint="Give a .npy or .txt file with a label an image.",
        )
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    short = next((row for row in rows if len(row) < 2), None)
    if short is not None:
        raise DataError(f"{path} has the line {','.join(short)!r}; it needs a name and a label.")
    given = {row[0].strip(): row[1].strip() for row in rows}
    labels = []
    for name in names:
        label = given.get(name, given.get(PurePosixPath(name).name))
        if label is None:
            raise DataError(f"{path} has no label for the image {name}.")
        labels.append(label)
    return labels
