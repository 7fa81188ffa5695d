"""Samples in Parquet: a column of encoded images, and perhaps one of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from regene_bench.base.errors import DataError, did_you_mean
from regene_bench.data.class_names import LABEL_NAMES
from regene_bench.data.parquet_images import ParquetFiles, ParquetOptions, parquet_records
from regene_bench.data.parquet_schema import naming
from regene_bench.samples.encoded import Pictures
from regene_bench.samples.labelling import labels_of_numbers, labels_of_words, without_labels

_IMAGE_COLUMNS = ("image", "img")


def list_parquet(
    paths: Sequence[Path], class_names: Sequence[str], label_column: str | None = ""
) -> tuple[np.ndarray | None, Pictures]:
    """List the images of Parquet files, in the order of their rows.

    Args:
        paths: Files of one schema.
        class_names: K names in label order.
        label_column: Column of class names or numbers; by default the first that the files have
            of ``LABEL_NAMES``. None where the labels lie elsewhere.

    Returns:
        Labels int64 ``[N]`` or None, and the images.

    Raises:
        DataError: A file is damaged or lacks a column; labels are not the benchmark's.
    """
    import pyarrow.parquet as pq

    with naming(paths[0]):
        columns = pq.read_schema(paths[0]).names
    if not any(name in columns for name in _IMAGE_COLUMNS):
        raise DataError(
            f"{paths[0]} has no column 'image' or 'img'; its columns are {', '.join(columns)}.",
            hint="Rename the column of encoded images to 'image'.",
        )
    if label_column and label_column not in columns:
        raise DataError(
            f"{paths[0]} has no column {label_column!r}.",
            hint=did_you_mean(label_column, columns),
        )
    usual = (name for name in LABEL_NAMES if name in columns)
    column = None if label_column is None else label_column or next(usual, None)
    options = ParquetOptions(label_column=column, one_class=column is None)
    # all rows: as test files beside train files no row is held out
    files = ParquetFiles(tuple(paths), tuple(paths))
    records, names = parquet_records(files, "test", options)
    if not len(records.labels):
        raise DataError(f"{paths[0]} holds no image.", hint="It has no rows; make it again.")
    pictures = Pictures(len(records.labels), records.blocks)
    if label_column is None:
        return None, pictures
    if column is None:
        others = [name for name in columns if name not in _IMAGE_COLUMNS]
        return None, replace(pictures, notes=without_labels("column", others))
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
