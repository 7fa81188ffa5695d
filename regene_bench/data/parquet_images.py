"""Tables of images and labels, Parquet or Arrow, as Hugging Face has them: split by split."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.column_files import iter_column
from regene_bench.data.parquet_files import ParquetFiles, ParquetOptions, columns_of
from regene_bench.data.parquet_labels import classes_of, number_labels, read_label_column
from regene_bench.data.parquet_schema import Columns, ImageKind
from regene_bench.data.pixel_lists import images_of_lists
from regene_bench.data.records import Block, Records
from regene_bench.data.shapes import Split
from regene_bench.data.split import hash_order, hashed_test_mask

_ROWS: Final = 4096


def parquet_records(
    files: ParquetFiles, split: Split, options: ParquetOptions
) -> tuple[Records, tuple[str, ...] | None]:
    """List one split for decoding.

    Labels are integers, or strings. The train files name the classes: in the order of the list
    that Hugging Face metadata give, or else strings in natural order. Files whose lists stand in
    another order are brought to that one by name.

    Returns:
        The records and the class names, None where the files do not name their classes.

    Raises:
        DataError: A file is corrupt, lacks a column, has an empty label or a class that no train
            file has; names it.
    """
    paths = files.test if split == "test" and files.test else files.train
    tables = [columns_of(path, options) for path in paths]
    labels, names = _labels(paths, tables, files, options)
    chosen = _chosen(files, paths, [rows for _, rows in tables], labels, split, options)
    if options.max_train is not None and split == "train" and len(chosen) > options.max_train:
        keys = [str(i) for i in chosen]
        chosen = np.sort(chosen[hash_order(keys)[: options.max_train]])
    columns = [column for column, _ in tables]
    return Records(labels[chosen], partial(_blocks, paths, columns, chosen)), names


def _labels(
    paths: Sequence[Path],
    tables: Sequence[tuple[Columns, int]],
    files: ParquetFiles,
    options: ParquetOptions,
) -> tuple[np.ndarray, tuple[str, ...] | None]:
    if options.one_class:
        return np.zeros(sum(rows for _, rows in tables), dtype=np.int64), None
    own = [read_label_column(p, columns) for p, (columns, _) in zip(paths, tables, strict=True)]
    # the train files name the classes, so that both splits number them alike
    train = own
    if tuple(paths) != files.train:
        train = [read_label_column(p, columns_of(p, options)[0]) for p in files.train]
    names = classes_of(train)
    return number_labels(own, names, train), names


def _chosen(
    files: ParquetFiles,
    paths: Sequence[Path],
    rows: Sequence[int],
    labels: np.ndarray,
    split: Split,
    options: ParquetOptions,
) -> np.ndarray:
    """Return the rows of the split, counted through all its files, int64, ascending."""
    if files.test:
        return np.arange(len(labels))
    keys = [f"{p.name}:{row}" for p, n in zip(paths, rows, strict=True) for row in range(n)]
    mask = hashed_test_mask(keys, labels, options.test_fraction)
    return np.flatnonzero(mask if split == "test" else ~mask)


def _blocks(
    paths: Sequence[Path], columns: Sequence[Columns], chosen: np.ndarray
) -> Iterator[Block]:
    position = first_row = 0
    for path, column in zip(paths, columns, strict=True):
        row_in_file = 0
        for cells in iter_column(path, column.image, _ROWS):
            begin = first_row + row_in_file
            low, high = np.searchsorted(chosen, [begin, begin + len(cells)])
            rows = chosen[low:high] - begin
            if len(rows):
                yield Block(
                    np.arange(position, position + len(rows)),
                    _bytes(cells, rows, column.kind, path, row_in_file),
                    _row_name(path, rows + row_in_file),
                )
            position += len(rows)
            row_in_file += len(cells)
        first_row += row_in_file


def _bytes(
    cells: Any, rows: np.ndarray, kind: ImageKind, path: Path, first_row: int
) -> list[bytes]:
    values = cells.field("bytes") if kind == "struct" else cells
    if len(rows) < len(values):
        values = values.take(rows)
    empty = np.asarray(values.is_null())
    if kind == "struct" and empty.any():
        _refuse_links(cells.take(rows[empty]), path, rows[empty] + first_row)
    if kind == "lists":
        name_of = _row_name(path, rows[~empty] + first_row)
        files = iter(images_of_lists(values.drop_null(), name_of) if not empty.all() else [])
        return [b"" if is_empty else next(files) for is_empty in empty]
    # whoever decodes them names rows without an image, or leaves them out
    return [image or b"" for image in values.to_pylist()]


def _refuse_links(cells: Any, path: Path, rows: np.ndarray) -> None:
    """Refuse images that are only named: their files may be anywhere."""
    for cell, row in zip(cells.to_pylist(), rows, strict=True):
        if cell and cell.get("path"):
            raise DataError(
                f"{path} has no image bytes in row {row}, but the path {cell['path']!r}.",
                hint="Save the data set with the images embedded (Hugging Face: "
                "embed_external_files).",
            )


def _row_name(path: Path, rows: np.ndarray) -> Callable[[int], str]:
    return lambda i: f"in row {rows[i]} of {path}"
