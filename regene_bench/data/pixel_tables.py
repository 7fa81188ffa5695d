"""Tables with a column a pixel, as Kaggle hands out small images in CSV files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from regene_bench.base.errors import DataError, did_you_mean
from regene_bench.base.files import special_kind
from regene_bench.data.class_names import LABEL_NAMES

_NUMBERED = re.compile(r"(.*?)([0-9]{1,9})")
_PLACED = re.compile(r"(.*?)([0-9]{1,9})x([0-9]{1,9})")
_NUMBER = re.compile(r"\s*-?[0-9.]+(e-?[0-9]+)?\s*", re.IGNORECASE)
_LONGEST_HEADER = 1 << 24
_BLOCK = 1 << 22
_EXAMPLE = "The first line says what the columns are: label,pixel0,pixel1, and so on."


@dataclass(frozen=True)
class PixelColumns:
    """The columns of a table.

    Attributes:
        path: The file.
        label: Title of the column of labels; None if it has none.
        pixels: Titles of the P pixels, in the order of the image.
        size: Height and width, where the titles say them (``1x1`` … ``28x28``).
    """

    path: Path
    label: str | None
    pixels: tuple[str, ...]
    size: tuple[int, int] | None


def find_columns(
    path: Path, label_title: str | None = None, *, may_lack_labels: bool = False
) -> PixelColumns:
    """Read from a file's first line which columns are pixels.

    All columns but that of the labels are: titles that are numbered in order (``pixel0``,
    ``pixel1``, … or from 1), or that say row and column (``1x1``, ``1x2``, …).

    Args:
        path: The file, in UTF-8, its columns parted by commas.
        label_title: Title of the column of labels; by default ``label`` or the like
            (``class_names.LABEL_NAMES``), in capitals or not.
        may_lack_labels: Take a table without a column of that title for one without labels.

    Raises:
        DataError: It has no such columns, or they could be taken in two ways.
    """
    titles = _header(path)
    if may_lack_labels and label_title not in titles:
        label_title = None
    label = _label_title(path, titles, label_title)
    pixels = tuple(title for title in titles if title != label)
    repeated = next((title for title in pixels if titles.count(title) > 1), None)
    if repeated is not None:
        raise DataError(f"{path} has several columns called {repeated!r}.", hint=_EXAMPLE)
    other = next((t for t in pixels if not (_NUMBERED.fullmatch(t) or _PLACED.fullmatch(t))), None)
    if not pixels or other is not None:
        found = f"the column {other!r}" if other is not None else "no other column"
        raise DataError(
            f"{path} is no table of pixels: beside the labels it has {found}.",
            hint=f"{_EXAMPLE} Take out columns that are no pixels.",
        )
    if (placed := _placed_size(pixels)) is not None:
        return PixelColumns(path, label, pixels, placed)
    if not _in_order(pixels):
        raise DataError(
            f"The pixels of {path} ({pixels[0]} to {pixels[-1]}) are not numbered one after the "
            "other.",
            hint="Write them row by row, numbered from 0 or 1.",
        )
    return PixelColumns(path, label, pixels, None)


def read_pixels(columns: PixelColumns) -> np.ndarray:
    """Read the pixels of all rows, uint8 ``[N, P]``.

    Raises:
        DataError: The file is damaged, or a value is no whole number in 0..255; says where.
    """
    import pyarrow as pa

    table = _read(columns.path, dict.fromkeys(columns.pixels, pa.uint8()))
    for title, column in zip(columns.pixels, table.columns, strict=True):
        _no_gaps(columns.path, title, column)
    # batch by batch: the columns of a block lie apart, the pixels of an image together
    parts = [
        np.stack([column.to_numpy(zero_copy_only=False) for column in batch.columns], axis=1)
        for batch in table.to_batches()
    ]
    return np.concatenate(parts) if parts else np.zeros((0, len(columns.pixels)), dtype=np.uint8)


def read_labels(columns: PixelColumns) -> np.ndarray:
    """Read the labels of all rows, int64 or strings ``[N]``.

    Raises:
        DataError: The file is damaged, or a label is missing or no whole number; says where.
    """
    import pyarrow as pa

    title = str(columns.label)
    column = _read(columns.path, {title: pa.string()}).column(0)
    _no_gaps(columns.path, title, column)
    words = column.to_pylist()
    empty = next((row for row, word in enumerate(words) if not word.strip()), None)
    if empty is not None:
        raise DataError(f"{columns.path} has no {title} in image {empty}.", hint=_EXAMPLE)
    if all(re.fullmatch(r"\s*-?[0-9]{1,18}\s*", word) for word in words):
        return np.array([int(word) for word in words], dtype=np.int64)
    number = next((word for word in words if _NUMBER.fullmatch(word)), None)
    if number is not None:
        raise DataError(
            f"{columns.path} has labels like {number!r}, which is no whole number.",
            hint="Write integers, or the names of classes.",
        )
    return np.array([word.strip() for word in words], dtype=np.str_)


def _header(path: Path) -> list[str]:
    if kind := special_kind(path.stat()):
        raise DataError(f"{path} is {kind}, not a file.", hint="Copy it to a file first.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            line = file.readline(_LONGEST_HEADER)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"Cannot read {path}: {error}.", hint="It must be text in UTF-8, with commas."
        ) from None
    titles = [cell.strip().strip('"') for cell in line.split(",")]
    if all(map(_NUMBER.fullmatch, titles)):
        raise DataError(
            f"{path} begins with numbers: it has no line that says what its columns are.",
            hint=f"{_EXAMPLE} Write such a line in front.",
        )
    if len(titles) == 1:
        raise DataError(
            f"{path} has one column, {line[:60].strip()!r}.",
            hint=f"{_EXAMPLE} It parts them by commas.",
        )
    return titles


def _label_title(path: Path, titles: Sequence[str], wanted: str | None) -> str | None:
    if wanted is not None:
        if wanted not in titles:
            raise DataError(f"{path} has no column {wanted!r}.", hint=did_you_mean(wanted, titles))
        return wanted
    usual = [title for title in titles if title.casefold() in LABEL_NAMES]
    if len(usual) > 1:
        raise DataError(
            f"{path} has the columns {' and '.join(usual)}: which holds the labels?",
            hint="Take the others out.",
        )
    return usual[0] if usual else None


def _placed_size(titles: Sequence[str]) -> tuple[int, int] | None:
    """Height and width by titles of row and column, if they stand row by row."""
    matches = [_PLACED.fullmatch(title) for title in titles]
    places = [(int(m[2]), int(m[3])) for m in matches if m]
    if len(places) < len(titles) or places[0] not in ((0, 0), (1, 1)):
        return None
    first = places[0][0]
    height, width = (1 + last - first for last in places[-1])
    in_rows = [(first + i // width, first + i % width) for i in range(len(places))]
    return (height, width) if width > 0 and places == in_rows else None


def _in_order(titles: Sequence[str]) -> bool:
    matches = [_NUMBERED.fullmatch(title) for title in titles]
    stems = {m[1] for m in matches if m}
    numbers = [int(m[2]) for m in matches if m]
    first = numbers[0] if numbers else -1
    return (
        len(stems) == 1 and first in (0, 1) and numbers == list(range(first, first + len(titles)))
    )


def _read(path: Path, types: dict[str, Any]) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    try:
        return csv.read_csv(
            path,
            read_options=csv.ReadOptions(block_size=_BLOCK),
            convert_options=csv.ConvertOptions(column_types=types, include_columns=list(types)),
        )
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"Cannot read {path}: {error}.",
            hint="Pixels are whole numbers from 0 (black) to 255 (white), with commas between, and "
            "each line has as many as the first.",
        ) from None


def _no_gaps(path: Path, title: str, column: Any) -> None:
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy())[0])
        raise DataError(
            f"{path} has no value in the column {title!r} of image {row}.",
            hint="Write every pixel and label of an image, or take its line out.",
        )
