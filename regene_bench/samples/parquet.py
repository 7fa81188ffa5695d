"""Samples in Parquet or Arrow: a column of encoded images, and perhaps one of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from regene_bench.base.errors import DataError, did_you_mean
from regene_bench.data.class_names import LABEL_NAMES
from regene_bench.data.column_files import plain_type, read_schema
from regene_bench.data.parquet_files import ParquetFiles, ParquetOptions
from regene_bench.data.parquet_images import parquet_records
from regene_bench.data.parquet_labels import words_of_column
from regene_bench.data.parquet_schema import IMAGE_COLUMNS
from regene_bench.data.shard_sets import pooled_note
from regene_bench.samples.agreement import Told, check_agreement
from regene_bench.samples.encoded import Pictures
from regene_bench.samples.labelling import labels_of_numbers, labels_of_words, without_labels


def list_parquet(
    paths: Sequence[Path],
    class_names: Sequence[str],
    label_column: str | None = "",
    image_column: str = "",
) -> tuple[np.ndarray | None, Pictures]:
    """List the images of tables, in the order of their rows.

    Args:
        paths: Parquet or Arrow files of one schema.
        class_names: K names in label order.
        label_column: Column of class names or numbers; by default the first that the files have
            of ``LABEL_NAMES``. None where the labels lie elsewhere.
        image_column: Column of the images; by default ``image`` or ``img``.

    Returns:
        Labels int64 ``[N]`` or None, and the images.

    Raises:
        DataError: A file is damaged or lacks a column; labels are not the benchmark's, or two
            columns of a usual name say different ones.
    """
    columns = read_schema(paths[0])[0].names
    for name in filter(None, (image_column, label_column)):
        if name not in columns:
            raise DataError(
                f"{paths[0]} has no column {name!r}.",
                hint=did_you_mean(name, columns),
            )
    usual_images = (name for name in IMAGE_COLUMNS if name in columns)
    images = image_column or next(usual_images, None)
    if images is None:
        raise DataError(
            f"{paths[0]} has no column 'image' or 'img'; its columns are {', '.join(columns)}.",
            hint="Name the one of the images: --image-column NAME.",
        )
    usual = [name for name in LABEL_NAMES if name in columns and name != images]
    column = None if label_column is None else label_column or next(iter(usual), None)
    options = ParquetOptions(images, column, one_class=column is None)
    # all rows: as test files beside train files no row is held out
    files = ParquetFiles(tuple(paths), tuple(paths))
    records, names = parquet_records(files, "test", options)
    if not len(records.labels):
        raise DataError(f"{paths[0]} holds no image.", hint="It has no rows; make it again.")
    pictures = Pictures(len(records.labels), records.blocks, pooled_note(paths))
    if label_column is None:
        return None, pictures
    if column is None:
        others = [name for name in columns if name != images]
        return None, replace(pictures, notes=(*pictures.notes, *without_labels("column", others)))
    _refuse_bools(paths[0], column, class_names)
    if not label_column:
        _check_columns(paths, usual, class_names)
    if names is None:
        return labels_of_numbers(records.labels, class_names, str(paths[0])), pictures
    beyond = records.labels[records.labels < 0]
    if len(beyond):
        raise DataError(
            f"{paths[0]} has the label {beyond[0]}, which is no class of its list.",
            hint="Leave out images of no class.",
        )
    # integers index the files' own list, whose names count
    words = [names[number] for number in records.labels]
    return labels_of_words(words, class_names, str(paths[0])), pictures


def _refuse_bools(path: Path, column: str, class_names: Sequence[str]) -> None:
    """Refuse yes and no as labels, unless there are two classes."""
    import pyarrow.types as types

    kind = plain_type(read_schema(path)[0].field(column).type)
    if types.is_boolean(kind) and len(class_names) != 2:
        raise DataError(
            f"The column {column!r} of {path} holds bool, but the benchmark has "
            f"{len(class_names)} classes.",
            hint="Labels are integers or class names. If others are in another column, name it: "
            "--labels COLUMN; if there are none, give --labels none.",
        )


def _check_columns(
    paths: Sequence[Path], columns: Sequence[str], class_names: Sequence[str]
) -> None:
    """Refuse columns of usual names that label rows differently; other types are no labels."""
    if len(columns) < 2:
        return
    told = []
    for name in columns:
        words = [words_of_column(path, name) for path in paths]
        if all(own is not None for own in words):
            told.append(Told(name, [word for own in words for word in own or ()]))
    rows = [f"Row {row} of {path}" for path in paths for row in range(read_schema(path)[1])]
    check_agreement(told, class_names, lambda i: rows[i])
