"""The labels of Hugging Face's image folders: ``metadata.csv``, ``.jsonl`` or ``.parquet``."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.class_names import LABEL_NAMES
from regene_bench.data.dataset_json import JsonLabels
from regene_bench.data.image_listing import ImageListing, same_spelling
from regene_bench.data.split_folders import role_of

METADATA_FILES: Final = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_NAME: Final = "file_name"
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
Rows = Sequence[Mapping[str, Any]]


def metadata_file(listing: ImageListing, column: str | None = None) -> str | None:
    """Name the file beside the images of a place that tells their classes, if there is one.

    It has a column ``file_name``, and one of labels: the one that is named, or one of a usual name.

    Raises:
        DataError: It is damaged.
    """
    for name in METADATA_FILES:
        if name in listing.others and _label_column(_rows(listing, name), column):
            return name
    return None


def columns_of_metadata(listing: ImageListing, name: str) -> list[str]:
    """Name the columns of a file that may be one of metadata; none if it names no images.

    Raises:
        DataError: It is damaged.
    """
    rows = _rows(listing, name)
    return [str(column) for column in rows[0]] if rows and _NAME in rows[0] else []


def read_metadata(listing: ImageListing, name: str, column: str | None = None) -> JsonLabels:
    """Read the label of each image of a place from the file that ``metadata_file`` names.

    Args:
        listing: The place.
        name: The file.
        column: Its column of labels; by default the first of a usual name.

    Raises:
        DataError: An image has no label or two, or the images lie in folders of several splits.
    """
    where = listing.place / name
    folders = listing.folders()
    if folders and all(map(role_of, folders)):
        raise DataError(
            f"{where} is of images in folders of several splits ({', '.join(folders)}).",
            hint=f"Put a {name} into each of these folders, with names relative to it.",
        )
    rows = _rows(listing, name)
    column = _label_column(rows, column)
    labels: dict[str, Any] = {}
    for row in rows:
        image = same_spelling(str(row.get(_NAME)).replace("\\", "/").removeprefix("./"))
        label = row.get(column or "")
        if label is None or label == "":
            continue
        if labels.setdefault(image, label) != label:
            raise DataError(f"{where} labels {image} twice, differently.", hint="Take one out.")
    missing = [image for image in listing.images if image not in labels]
    if missing:
        raise DataError(
            f"{where} has no label for {len(missing)} of {len(listing.images)} images, such as "
            f"{missing[0]}.",
            hint="Add them, or take these images out.",
        )
    values = [labels[image] for image in listing.images]
    superfluous = len(labels.keys() - listing.images.keys())
    return JsonLabels(_as_array(values), None, superfluous, name)


def _label_column(rows: Rows, column: str | None) -> str | None:
    first = rows[0] if rows else {}
    if _NAME not in first:
        return None
    return next((name for name in ((column,) if column else LABEL_NAMES) if name in first), None)


def _as_array(values: Sequence[Any]) -> np.ndarray:
    words = [str(value) for value in values]
    if all(_INTEGER.fullmatch(word) for word in words):
        return np.array([int(word) for word in words], dtype=np.int64)
    return np.array(words, dtype=np.str_)


def _rows(listing: ImageListing, name: str) -> Rows:
    content = listing.content(name)
    try:
        rows = _parsed(content, Path(name).suffix)
    except Exception as error:  # three parsers raise many types on damaged input
        raise DataError(
            f"{listing.place / name} is damaged: {error}.",
            hint="Make it again, or give it another name if it is no list of labels.",
        ) from None
    return [row for row in rows if isinstance(row, dict)]


def _parsed(content: bytes, suffix: str) -> Rows:
    if suffix == ".parquet":
        import pyarrow.parquet as pq

        rows: Rows = pq.read_table(io.BytesIO(content)).to_pylist()
        return rows
    text = content.decode("utf-8-sig")
    if suffix == ".csv":
        return list(csv.DictReader(io.StringIO(text, newline="")))
    return [json.loads(line) for line in text.splitlines() if line.strip()]
