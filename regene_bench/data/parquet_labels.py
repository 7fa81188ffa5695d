"""Labels of Parquet files, numbered alike however each file numbers its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.class_names import in_natural_order, integer_names, labels_of_integers
from regene_bench.data.column_files import naming, read_column, read_schema
from regene_bench.data.parquet_schema import Columns, listed_names

_ANOTHER: Final = (
    "name another column: --labels COLUMN for samples, label_column in [data.options] for a data "
    "set"
)


@dataclass(frozen=True)
class LabelColumn:
    """The labels of one file.

    Attributes:
        path: The file.
        values: int64 ``[n]``, or strings ``[n]``.
        names: The file's own list of classes, which integers index; None if it has none.
    """

    path: Path
    values: np.ndarray
    names: tuple[str, ...] | None

    @property
    def is_text(self) -> bool:
        return self.values.dtype.kind == "U"


def read_label_column(path: Path, columns: Columns) -> LabelColumn:
    """Read the column of labels of a file.

    Raises:
        DataError: A label is missing, or they are neither integers nor strings; names the file.
    """
    import pyarrow as pa
    import pyarrow.types as types

    assert columns.label is not None
    column = read_column(path, columns.label)
    with naming(path):
        if types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if column.null_count:
            row = int(np.flatnonzero(column.is_null().to_numpy())[0])
            raise DataError(
                f"{path} has no label in row {row} (column {columns.label!r}).",
                hint=f"Leave such rows out where the file is made, or {_ANOTHER}.",
            )
        if types.is_string(column.type) or types.is_large_string(column.type):
            return LabelColumn(path, np.array(column.to_pylist(), dtype=np.str_), None)
        if types.is_integer(column.type) or types.is_boolean(column.type):
            values = np.asarray(column.cast(pa.int64()).to_numpy(), dtype=np.int64)
            return LabelColumn(path, values, columns.class_names)
    raise DataError(
        f"The column {columns.label!r} of {path} holds {column.type}, not integers or strings.",
        hint=f"Write whole numbers as int64, or {_ANOTHER}.",
    )


def words_of_column(path: Path, name: str) -> list[str | None] | None:
    """Read what a column says of each row, as text: integers by the file's own list of classes.

    Returns:
        ``[n]``, None where a row says nothing; or None if it holds neither integers nor strings.

    Raises:
        DataError: The file is damaged.
    """
    import pyarrow.types as types

    column = read_column(path, name)
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if types.is_string(column.type) or types.is_large_string(column.type):
        return [None if word is None else word.strip() for word in column.to_pylist()]
    if not types.is_integer(column.type):
        return None
    names = listed_names(read_schema(path)[0].metadata, name) or ()
    return [
        None if i is None else names[i] if 0 <= i < len(names) else str(i)
        for i in column.to_pylist()
    ]


def classes_of(files: Sequence[LabelColumn]) -> tuple[str, ...] | None:
    """Name the classes of files that are read together.

    Where the files' own lists have the same classes, they stand in the order of the first list;
    otherwise all classes that are listed or occur as strings, in natural order.

    Returns:
        K names, or None where labels are integers that no file names.
    """
    lists = [file.names for file in files if file.names and not file.is_text]
    words = {str(word) for file in files if file.is_text for word in np.unique(file.values)}
    if not lists:
        return in_natural_order(words) if words else None
    everything = words.union(*lists)
    return lists[0] if everything == set(lists[0]) else in_natural_order(everything)


def number_labels(
    files: Sequence[LabelColumn], names: Sequence[str] | None, train: Sequence[LabelColumn]
) -> np.ndarray:
    """Number the labels of files by one list of classes.

    Args:
        files: What is read, N rows in all.
        names: The classes, of ``classes_of``.
        train: The files that name the classes.

    Returns:
        int64 ``[N]``; integers that no list names stay what they are, whatever their range.

    Raises:
        DataError: A class is none of ``names``, or an integer could be one or another; names the
            file.
    """
    lists = {file.names for file in train if file.names and not file.is_text}
    own_order = lists == {names} and not any(file.is_text for file in train)
    parts = [_numbered(file, names, own_order=own_order) for file in files]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _numbered(file: LabelColumn, names: Sequence[str] | None, *, own_order: bool) -> np.ndarray:
    if file.is_text:
        words, places = np.unique(file.values, return_inverse=True)
        return _places_of(map(str, words), file, names or ())[places]
    if file.names is None:
        return _unlisted(file, names, own_order=own_order)
    used = np.unique(file.values)
    beyond = used[used >= len(file.names)]
    if len(beyond):
        raise DataError(
            f"{file.path} has the label {beyond[0]}, but lists {len(file.names)} classes.",
            hint="Write the file again with a list of all its classes.",
        )
    used = used[used >= 0]
    labels = np.full(len(file.names), -1, dtype=np.int64)
    labels[used] = _places_of((file.names[i] for i in used), file, names or file.names)
    # negative labels are no classes of the list: they stay for the checks that know what to say
    return np.where(file.values < 0, file.values, labels[np.maximum(file.values, 0)])


def _unlisted(file: LabelColumn, names: Sequence[str] | None, *, own_order: bool) -> np.ndarray:
    if names is None:
        return file.values
    if not own_order and integer_names(names) is None:
        raise DataError(
            f"{file.path} has integers as labels, but no list of their classes, as files beside "
            "it have.",
            hint="Write the file again with class names as strings.",
        )
    labels = labels_of_integers(file.values, names)
    unknown = file.values[(labels < 0) & (file.values >= 0)]
    if len(unknown):
        raise DataError(
            f"{file.path} has the label {unknown[0]}, but the classes are {', '.join(names)}.",
            hint="Write the file again with class names as strings.",
        )
    return np.where(labels < 0, file.values, labels)


def _places_of(words: Iterable[str], file: LabelColumn, names: Sequence[str]) -> np.ndarray:
    number = {name: label for label, name in enumerate(names)}
    given = list(words)
    unknown = sorted(set(given) - set(number))
    if unknown:
        raise DataError(f"{file.path} has labels that no train file has: {', '.join(unknown)}.")
    return np.array([number[word] for word in given], dtype=np.int64)
