"""Which columns of an image Parquet file hold what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from regene_bench.base.errors import DataError, did_you_mean
from regene_bench.data.class_names import LABEL_NAMES

_IMAGE_COLUMNS: Final = ("image", "img")


@dataclass(frozen=True)
class Columns:
    """Where a file keeps its images and labels.

    Attributes:
        image: Column of the encoded images.
        nested: True if that column is a struct with the bytes in its field ``bytes``.
        label: Column of the labels; None if none was asked for.
        class_names: Names that the file's Hugging Face metadata gives the labels 0, 1, …, or None.
    """

    image: str
    nested: bool
    label: str | None
    class_names: tuple[str, ...] | None


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn what Arrow raises on a damaged file into a DataError that names it."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"The Parquet file {path} is corrupt or unreadable: {str(error).strip()}",
            hint="Fetch the file again.",
        ) from error


def read_columns(
    path: Path, *, image_column: str | None, label_column: str | None, with_label: bool
) -> tuple[Columns, int]:
    """Read a file's schema.

    Args:
        path: The Parquet file.
        image_column: Its name, or None for ``image`` or ``img``.
        label_column: Its name, or None for the first that is there of ``LABEL_NAMES``.
        with_label: False where labels do not matter.

    Returns:
        The columns and the number of rows.

    Raises:
        DataError: Not a Parquet file, no such column, or a column of the wrong type; names the
            file.
    """
    import pyarrow.parquet as pq

    with naming(path), pq.ParquetFile(path) as file:
        schema, rows = file.schema_arrow, int(file.metadata.num_rows)
    image = _pick(path, schema.names, image_column, _IMAGE_COLUMNS, "image_column")
    nested = _is_nested(path, image, schema.field(image).type)
    if not with_label:
        return Columns(image, nested, None, None), rows
    label = _pick(path, schema.names, label_column, LABEL_NAMES, "label_column")
    return Columns(image, nested, label, _names(schema.metadata, label)), rows


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


def _is_nested(path: Path, name: str, kind: Any) -> bool:
    import pyarrow.types as types

    def is_bytes(t: Any) -> bool:
        return bool(types.is_binary(t) or types.is_large_binary(t))

    if is_bytes(kind):
        return False
    if types.is_struct(kind):
        fields = {kind.field(i).name: kind.field(i).type for i in range(kind.num_fields)}
        if "bytes" in fields and is_bytes(fields["bytes"]):
            return True
    raise DataError(
        f"The column {name!r} of {path} holds {kind}, not images: it must be binary, or a struct "
        "with a binary field 'bytes'."
    )


def _names(metadata: dict[bytes, bytes] | None, label: str) -> tuple[str, ...] | None:
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        names = features[label]["names"]
    except (KeyError, ValueError, TypeError):
        return None
    if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
        return tuple(names)
    return None
