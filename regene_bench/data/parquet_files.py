"""Which files of a folder of tables hold the split to train on, and which the one held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from regene_bench.base.errors import DataError
from regene_bench.data.column_files import read_schema
from regene_bench.data.parquet_labels import read_label_column
from regene_bench.data.parquet_schema import Columns, read_columns
from regene_bench.data.shard_sets import check_shards
from regene_bench.data.split_folders import (
    SplitNames,
    held_out_names,
    named_pair,
    split_called,
)
from regene_bench.data.table_splits import Tables, find_tables

_PARTIAL: Final = "partial-"


@dataclass(frozen=True)
class ParquetFiles:
    """A data set's files. Where ``test`` is empty, a part of ``train``'s rows is held out.

    Attributes:
        train: Files of the training split, Parquet or Arrow.
        test: Files of the held-out split.
        notes: What was left out.
    """

    train: tuple[Path, ...]
    test: tuple[Path, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ParquetOptions:
    """How to read them.

    Attributes:
        image_column: Name of the column of images, or None for ``image`` or ``img``.
        label_column: Name of the column of labels, or None for the first that is there of
            ``label``, ``labels``, ``fine_label``, ``target``, ``targets``, ``cls``, ``y``
            and ``class``.
        test_fraction: Share of each class that is held out where there are no test files.
        one_class: Leave labels alone: all images are of class 0.
        max_train: Take at most so many training images, an unbiased sample.
        config: Configuration of a data set that comes in several: the name of a subfolder.
    """

    image_column: str | None = None
    label_column: str | None = None
    test_fraction: float = 0.1
    one_class: bool = False
    max_train: int | None = None
    config: str = ""


def find_parquet(
    folder: Path,
    options: ParquetOptions = ParquetOptions(),
    wanted: SplitNames | None = None,
    *,
    quiet: bool = True,
) -> ParquetFiles | None:
    """Find a data set's files in a folder, in its ``data`` folder or in its only subfolder that has
    some.

    Names as on the Hugging Face hub, ``train-00000-of-00001.parquet``, or just ``train.parquet``,
    or ``train/0000.parquet``; or a folder of ``datasets.save_to_disk``. Held-out images are in
    ``test`` files, else in ``validation`` files. A split whose labels are all -1 is passed over.

    Args:
        folder: An existing folder, or a single Parquet file, of whose rows a part is held out.
        options: Columns and configuration; labels are looked at only where there are test files.
        wanted: Names of the splits, where they are not the usual ones.
        quiet: Find nothing, instead of asking, if several subfolders have train files.

    Returns:
        None if there are no train files.

    Raises:
        DataError: A file of several is missing, as its neighbours' names tell; it is named. Or
            there is no split of a name that is wanted, or it has no labels.
    """
    if folder.is_file():
        if wanted:
            raise DataError(
                f"{folder} is one file, and has no splits.",
                hint="Leave train = … and test = … out of the protocol's [data]: then a part of "
                "its rows is held out.",
            )
        return ParquetFiles((folder,), ())
    tables = find_tables(folder, options.config, quiet=quiet)
    if not tables:
        return None
    names = list(tables)
    if wanted:
        train, held_out = named_pair(wanted, names, folder)
    elif found := split_called("train", names):
        train, held_out = found, held_out_names([name for name in names if name != found])
    elif any(name.startswith(_PARTIAL) for name in names):
        raise _only_in_part(folder, names)
    else:
        return None
    check_shards(tables[train])
    test, notes = _first_with_labels(tables, train, held_out, options, folder)
    if wanted and wanted.test and not test:
        others = ", ".join(name for name in names if name not in (train, *held_out))
        raise DataError(
            f"The split {held_out[0]!r} of {folder} has no labels: all are -1, or there is no "
            "column of them.",
            hint=f"Name another split as test in the protocol's [data]: {others}."
            if others
            else "Leave test = … out of the protocol's [data]: then a part of the training images "
            "is held out.",
        )
    return ParquetFiles(tables[train], test, notes)


def columns_of(path: Path, options: ParquetOptions) -> tuple[Columns, int]:
    """Read a file's schema; see ``parquet_schema.read_columns``."""
    return read_columns(
        path,
        image_column=options.image_column,
        label_column=options.label_column,
        with_label=not options.one_class,
    )


def _first_with_labels(
    tables: Tables, train: str, names: Sequence[str], options: ParquetOptions, folder: Path
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Return the files of the first split whose labels are told, with notes on the others."""
    notes: list[str] = []
    label = columns_of(tables[train][0], options)[0].label if names else None
    for name in names:
        check_shards(tables[name])
        if label is None or not _is_hidden(tables[name], replace(options, label_column=label)):
            return tables[name], tuple(notes)
        notes.append(f"the split {name!r} of {folder} has no labels: passed over")
    return (), tuple(notes)


def _is_hidden(paths: Sequence[Path], options: ParquetOptions) -> bool:
    """Tell whether the labels of a split are kept secret: no column, or -1 in the place of all."""
    for path in paths:
        schema, rows = read_schema(path)
        if options.label_column not in schema.names:
            continue
        values = read_label_column(path, columns_of(path, options)[0]).values
        if rows and (values.dtype.kind == "U" or (values != -1).any()):
            return False
    return True


def _only_in_part(folder: Path, names: Sequence[str]) -> DataError:
    partial_name = next(name for name in names if name.startswith(_PARTIAL))
    return DataError(
        f"{folder} holds {', '.join(names)}: the Hub has converted only a part of the data set.",
        hint=f'If the part is meant, write train = "{partial_name}" in the protocol\'s [data].',
    )
