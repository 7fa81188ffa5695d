"""Files of columns: Parquet, and Arrow as ``datasets.save_to_disk`` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from regene_bench.base.errors import DataError
from regene_bench.base.files import special_kind

ARROW: Final = ".arrow"
_FILE_MAGIC: Final = b"ARROW1"


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn what Arrow raises on a damaged file into a DataError that names it."""
    import pyarrow as pa

    kind = "Arrow" if path.suffix == ARROW else "Parquet"
    try:
        if special := special_kind(path.stat()):
            raise DataError(f"{path} is {special}, not a file.", hint="Copy it to a file first.")
        yield
    # damaged names of columns are no UTF-8, or no longer what the schema says
    except (pa.ArrowException, OSError, UnicodeError, KeyError) as error:
        raise DataError(
            f"The {kind} file {path} is corrupt or unreadable: {str(error).strip()}",
            hint="Fetch the file again.",
        ) from error


def read_schema(path: Path) -> tuple[Any, int]:
    """Read the schema (``pyarrow.Schema``) of a file, and its number of rows.

    Raises:
        DataError: The file is damaged.
    """
    import pyarrow.parquet as pq

    with naming(path):
        if path.suffix == ARROW:
            table = _arrow_table(path)
            return table.schema, int(table.num_rows)
        with pq.ParquetFile(path) as file:
            return file.schema_arrow, int(file.metadata.num_rows)


def read_column(path: Path, name: str) -> Any:
    """Read a whole column, ``pyarrow.ChunkedArray``.

    Raises:
        DataError: The file is damaged.
    """
    import pyarrow.parquet as pq

    with naming(path):
        if path.suffix == ARROW:
            return _checked(_arrow_table(path).column(name))
        with pq.ParquetFile(path) as file:
            return file.read(columns=[name]).column(name)


def iter_column(path: Path, name: str, rows: int) -> Iterator[Any]:
    """Yield a column piece by piece, ``pyarrow.Array`` of at most so many rows.

    Raises:
        DataError: The file is damaged.
    """
    import pyarrow.parquet as pq

    with naming(path):
        if path.suffix == ARROW:
            for batch in _arrow_table(path).select([name]).to_batches(max_chunksize=rows):
                yield _plain(_checked(batch.column(0)))
            return
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=rows, columns=[name]):
                yield _plain(batch.column(0))


def plain_type(kind: Any) -> Any:
    """Return the type in which values are stored.

    ``datasets`` registers types of its own (``Array3D``) with Arrow where it is imported; without
    it the same columns are lists.
    """
    import pyarrow as pa

    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _checked(array: Any) -> Any:
    """Check where lists and texts of a mapped file begin, which Arrow takes as it stands.

    Raises:
        pyarrow.ArrowInvalid: A list or text would end before it begins, or beyond its values.
    """
    array.validate(full=True)
    return array


def _plain(array: Any) -> Any:
    import pyarrow as pa

    return array.storage if isinstance(array, pa.ExtensionArray) else array


def _arrow_table(path: Path) -> Any:
    """Map a file into memory; of its columns only those are read that are looked at."""
    import pyarrow as pa

    source = pa.memory_map(str(path))
    if source.read(len(_FILE_MAGIC)) == _FILE_MAGIC:
        return pa.ipc.open_file(source).read_all()
    source.seek(0)
    return pa.ipc.open_stream(source).read_all()
