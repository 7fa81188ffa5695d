"""Hugging Face image Parquet: encoded images and labels in ``train-*`` and ``test-*`` files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.parquet_labels import classes_of, number_labels, read_label_column
from regene_bench.data.parquet_schema import Columns, naming, read_columns
from regene_bench.data.records import Block, Records
from regene_bench.data.shapes import Split
from regene_bench.data.shard_sets import check_shards
from regene_bench.data.split import hash_order, hashed_test_mask

_ROWS: Final = 4096
_TEST_NAMES: Final = ("test", "validation", "valid", "val")


@dataclass(frozen=True)
class ParquetFiles:
    """A data set's files. Where ``test`` is empty, a part of ``train``'s rows is held out."""

    train: tuple[Path, ...]
    test: tuple[Path, ...]


@dataclass(frozen=True)
class ParquetOptions:
    """How to read them.

    Attributes:
        image_column: Name of the column of images, or None for ``image`` or ``img``.
        label_column: Name of the column of labels, or None for the first that is there of
            ``label``, ``labels``, ``fine_label``, ``target``, ``targets``, ``cls`` and ``y``.
        test_fraction: Share of each class that is held out where there are no test files.
        one_class: Leave labels alone: all images are of class 0.
        max_train: Take at most so many training images, an unbiased sample.
    """

    image_column: str | None = None
    label_column: str | None = None
    test_fraction: float = 0.1
    one_class: bool = False
    max_train: int | None = None


def find_parquet(folder: Path) -> ParquetFiles | None:
    """Find a data set's Parquet files in a folder, in its ``data`` folder or in its only subfolder
    that has some.

    Names as on the Hugging Face hub, ``train-00000-of-00001.parquet``, or just ``train.parquet``;
    held-out images in ``test`` files, else in ``validation`` files.

    Returns:
        None if there are no train files, or if several subfolders have some.

    Raises:
        DataError: A file of several is missing, as its neighbours' names tell; it is named.
    """
    found = _in(folder) or _in(folder / "data")
    if found is None:
        below = [_in(entry) for entry in sorted(folder.iterdir()) if entry.is_dir()]
        others = [files for files in below if files]
        found = others[0] if len(others) == 1 else None
    if found:
        check_shards(found.train)
        check_shards(found.test)
    return found


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
    tables = [_columns(path, options) for path in paths]
    labels, names = _labels(paths, tables, files, options)
    chosen = _chosen(files, paths, [rows for _, rows in tables], labels, split, options)
    if options.max_train is not None and split == "train" and len(chosen) > options.max_train:
        keys = [str(i) for i in chosen]
        chosen = np.sort(chosen[hash_order(keys)[: options.max_train]])
    columns = [column for column, _ in tables]
    return Records(labels[chosen], partial(_blocks, paths, columns, chosen)), names


def _in(folder: Path) -> ParquetFiles | None:
    train = _named(folder, "train")
    if not train:
        return None
    test = next((files for name in _TEST_NAMES if (files := _named(folder, name))), ())
    return ParquetFiles(train, test)


def _named(folder: Path, split: str) -> tuple[Path, ...]:
    return tuple(sorted([*folder.glob(f"{split}.parquet"), *folder.glob(f"{split}-*.parquet")]))


def _columns(path: Path, options: ParquetOptions) -> tuple[Columns, int]:
    return read_columns(
        path,
        image_column=options.image_column,
        label_column=options.label_column,
        with_label=not options.one_class,
    )


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
        train = [read_label_column(p, _columns(p, options)[0]) for p in files.train]
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
    import pyarrow.parquet as pq

    position = first_row = 0
    for path, column in zip(paths, columns, strict=True):
        row_in_file = 0
        with naming(path), pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_ROWS, columns=[column.image]):
                begin = first_row + row_in_file
                low, high = np.searchsorted(chosen, [begin, begin + len(batch)])
                rows = chosen[low:high] - begin
                if len(rows):
                    yield Block(
                        np.arange(position, position + len(rows)),
                        _bytes(batch.column(0), rows, column.nested, path, row_in_file),
                        _row_name(path, rows + row_in_file),
                    )
                position += len(rows)
                row_in_file += len(batch)
        first_row += row_in_file


def _bytes(array: Any, rows: np.ndarray, nested: bool, path: Path, first_row: int) -> list[bytes]:
    values = array.field("bytes") if nested else array
    if len(rows) < len(values):
        values = values.take(rows)
    if values.null_count:
        row = first_row + int(rows[np.flatnonzero(values.is_null())[0]])
        raise DataError(
            f"{path} has no image bytes in row {row}.",
            hint="Save the data set with the images embedded (Hugging Face: embed_external_files).",
        )
    return list(values.to_pylist())


def _row_name(path: Path, rows: np.ndarray) -> Callable[[int], str]:
    return lambda i: f"in row {rows[i]} of {path}"
