"""Samples in Parquet or Arrow: a column of encoded images, and perhaps one of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from regene_bench.base.errors import DataError, did_you_mean
from regene_bench.data.class_names import LABEL_NAMES
from regene_bench.data.column_files import read_schema
from regene_bench.data.parquet_files import ParquetFiles, ParquetOptions
from regene_bench.data.parquet_images import parquet_records
from regene_bench.data.parquet_schema import IMAGE_COLUMNS
from regene_bench.data.shard_sets import pooled_note
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
        DataError: A file is damaged or lacks a column; labels are not the benchmark's.
    """
    columns = read_schema(paths[0])[0].names
    for name in filter(None, (image_column, label_column)):
        if name not in columns:
            raise DataError(
                f"{paths[0]} has no column {name!r}; its columns are {', '.join(columns)}.",
                hint=did_you_mean(name, columns),
            )
    usual_images = (name for name in IMAGE_COLUMNS if name in columns)
    images = image_column or next(usual_images, None)
    if images is None:
        raise DataError(
            f"{paths[0]} has no column 'image' or 'img'; its columns are {', '.join(columns)}.",
            hint="Name the one of the images: --image-column NAME.",
        )
    usual = (name for name in LABEL_NAMES if name in columns and name != images)
    column = None if label_column is None else label_column or next(usual, None)
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
        return None, replace(
            pictures, notes=(*pictures.notes, *without_labels("column", others))
        )
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
