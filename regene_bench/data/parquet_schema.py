"""Which columns of a table of images hold what."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from regene_bench.base.errors import DataError, did_you_mean
from regene_bench.data.class_names import LABEL_NAMES
from regene_bench.data.column_files import plain_type, read_schema
from regene_bench.data.pixel_lists import is_pixel_list

IMAGE_COLUMNS: Final = ("image", "img")
ImageKind = Literal["bytes", "struct", "lists"]


@dataclass(frozen=True)
class Columns:
    """Where a file keeps its images and labels.

    Attributes:
        image: Column of the encoded images.
        kind: How it holds them: as bytes, as a struct with the bytes in its field ``bytes``, or as
            nested lists of pixels.
        label: Column of the labels; None if none was asked for.
        class_names: Names that the file's Hugging Face metadata gives the labels 0, 1, …, or None.
    """

    image: str
    kind: ImageKind
    label: str | None
    class_names: tuple[str, ...] | None


def read_columns(
    path: Path, *, image_column: str | None, label_column: str | None, with_label: bool
) -> tuple[Columns, int]:
    """Read a file's schema.

    Args:
        path: A Parquet or Arrow file.
        image_column: Its name, or None for ``image`` or ``img``.
        label_column: Its name, or None for the first that is there of ``LABEL_NAMES``.
        with_label: False where labels do not matter.

    Returns:
        The columns and the number of rows.

    Raises:
        DataError: Not such a file, no such column, or a column of the wrong type; names the
            file.
    """
    schema, rows = read_schema(path)
    image = _pick(path, schema.names, image_column, IMAGE_COLUMNS, "image_column")
    kind = _kind_of(path, image, plain_type(schema.field(image).type))
    if not with_label:
        return Columns(image, kind, None, None), rows
    label = _pick(path, schema.names, label_column, LABEL_NAMES, "label_column")
    return Columns(image, kind, label, listed_names(schema.metadata, label)), rows


def _pick(
    path: Path, names: list[str], wanted: str | None, usual: tuple[str, ...], option: str
) -> str:
    if wanted is not None:
        if wanted in names:
            return wanted
        raise DataError(
            f"{path} has no column {wanted!r} ({option}).", hint=did_you_mean(wanted, names)
        )
    for name in usual:
        if name in names:
            return name
    raise DataError(
        f"{path} has no column {_either(usual)}; its columns are {', '.join(names)}.",
        hint=f"Name it in the benchmark's [data.options]: {option} = …",
    )


def _either(names: tuple[str, ...]) -> str:
    quoted = [repr(name) for name in names]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _kind_of(path: Path, name: str, kind: Any) -> ImageKind:
    import pyarrow.types as types

    def is_bytes(t: Any) -> bool:
        return bool(types.is_binary(t) or types.is_large_binary(t))

    if is_bytes(kind):
        return "bytes"
    if is_pixel_list(kind):
        return "lists"
    if types.is_struct(kind):
        fields = {kind.field(i).name: kind.field(i).type for i in range(kind.num_fields)}
        if "bytes" in fields and is_bytes(fields["bytes"]):
            return "struct"
    raise DataError(
        f"The column {name!r} of {path} holds {kind}, not images.",
        hint="Images are binary (PNG, JPEG, …), a struct with a binary field 'bytes', or nested "
        "lists of integers from 0 to 255 (Array2D, Array3D of uint8).",
    )


def listed_names(metadata: dict[bytes, bytes] | None, label: str) -> tuple[str, ...] | None:
    """Read the names that Hugging Face's metadata give the classes of a column, if they do."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        names = features[label]["names"]
    except (KeyError, ValueError, TypeError):
        return None
    if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
        return tuple(names)
    return None
