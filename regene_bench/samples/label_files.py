"""Labels that lie in a file beside the images: .npy, .txt or .csv."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.class_names import natural_key
from regene_bench.data.npz_files import DAMAGES, damaged
from regene_bench.samples.array_files import read_npy
from regene_bench.samples.label_tables import labels_by_name
from regene_bench.samples.labelling import labels_of_array

SUFFIXES = (".npy", ".txt", ".csv")
_FRACTION = re.compile(r"-?[0-9]+\.0*")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_label_file(
    path: Path, names: Sequence[str], n: int, class_names: Sequence[str]
) -> np.ndarray:
    """Read one label an image.

    * ``.npy``: integers or class names ``[N]``, in the order of the images;
    * ``.txt``: a line an image, a name or a number, in the order of the images;
    * ``.csv``: the image's file name and its label, in any order; a header may stand above, and
      must where there are more columns (``label_tables.labels_by_name``).

    Text is UTF-8, or what its byte-order mark says. Files of images are in the order of their
    names; where text and numbers sort otherwise (``10.png`` before ``2.png``) only a ``.csv`` is
    unmistakable, and nothing else is read.

    Args:
        path: The file.
        names: Names of the images' files; empty where they have none.
        n: Number of images.
        class_names: K names in label order.

    Returns:
        int64 ``[N]``.

    Raises:
        DataError: It cannot be read, labels another number of images, contradicts itself, or names
            an unknown class.
    """
    suffix = path.suffix.lower()
    if suffix != ".csv" and sorted(names, key=natural_key) != list(names):
        raise DataError(
            f"The labels in {path} are in the order of the images' names, but these names sort "
            "differently as text and as numbers.",
            hint="Give a .csv with a file name and a label on each line.",
        )
    if suffix == ".csv":
        values = np.array(labels_by_name(path, _text(path), names), dtype=np.str_)
    elif suffix == ".txt":
        lines = (line.strip() for line in _text(path).splitlines())
        values = np.array([line for line in lines if line], dtype=np.str_)
    else:
        values = _array(path)
    if values.ndim and len(values) != n:
        raise DataError(
            f"{path} has {len(values)} labels for {n} images.", hint="Give one label an image."
        )
    _refuse_fractions(values, class_names, path)
    return labels_of_array(values, class_names, str(path))


def _refuse_fractions(values: np.ndarray, class_names: Sequence[str], path: Path) -> None:
    """Refuse ``3.0`` for class 3, as arrays of such numbers are refused."""
    words = [str(word) for word in values.ravel()] if values.dtype.kind == "U" else []
    example = next((word for word in words if _FRACTION.fullmatch(word)), None)
    if example is not None and example not in class_names:
        raise DataError(
            f"{path} has the label {example!r}, where a class goes by its name or by an integer.",
            hint=f"Write {example.partition('.')[0]} for {example}, and so on (pandas: "
            "astype(int)).",
        )


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-16" if content.startswith(_WIDE) else "utf-8-sig")
    except OSError as error:
        raise DataError(
            f"Cannot read the labels {path}: {error.strerror}.", hint="Is the file readable?"
        ) from None
    except UnicodeError as error:
        raise DataError(
            f"Cannot read the labels {path}: it is no text in UTF-8 ({error}).",
            hint="Save it as UTF-8.",
        ) from None


def _array(path: Path) -> np.ndarray:
    try:
        return np.array(read_npy(path))
    except DAMAGES as error:
        raise damaged(path, error, "the labels ") from None
