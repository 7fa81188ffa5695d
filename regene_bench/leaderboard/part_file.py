"""The bytes of a Parquet file of leaderboard rows."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from regene_bench.leaderboard.packed_rows import packed
from regene_bench.leaderboard.row_columns import COLUMNS
from regene_bench.leaderboard.schema import PLAIN_SCHEMA, SCHEMA
from regene_bench.leaderboard.seal import SealedFile, footer_of, sealed

Kind = Literal["one run", "many runs"]

_TEXTS = [c.name for c in COLUMNS if c.kind == "text"]
# what hardly repeats: a dictionary of it is as long as it is
_MEASURED = ("value", "std", "ci_low", "ci_high")
# from about this size on it pays to read dictionaries as such
_LARGE = 1 << 16
_ROW_GROUP = 1 << 18
# under this key Arrow keeps its own schema, which alone can say that texts are dictionaries
_ARROW_SCHEMA = b"ARROW:schema"


def part_bytes(table: pa.Table, kind: Kind = "one run") -> bytes:
    """Write rows as a sealed Parquet file, with checksums of its pages for other readers.

    Texts are plain ones, without Arrow's own schema beside Parquet's: dictionaries come to pandas
    as categories, which neither add up nor compare, and in a folder polars takes no two files of
    which one has them.

    Args:
        table: Rows under the schema; with plain texts already they are written faster.
        kind: Of a single run compression and statistics would be most of the file and of the time
            to read it; only of the seeds it is said that none is missing, or fastparquet takes them
            for floats. Its rows stand beside the pages once more, packed. Of many, it is compressed
            by snappy, which every reader knows, and has statistics of each column.
    """
    written = io.BytesIO()
    with pq.ParquetWriter(
        written,
        PLAIN_SCHEMA,
        compression="none" if kind == "one run" else "snappy",
        use_dictionary=_repeating(table),
        write_statistics=["seed"] if kind == "one run" else True,
        store_schema=False,
        write_page_checksum=True,
    ) as writer:
        for first in range(0, max(1, len(table)), _ROW_GROUP):
            rows = table.slice(first, _ROW_GROUP)
            # spelt out, texts are many times what they are as dictionaries
            writer.write_table(rows if table.schema == PLAIN_SCHEMA else rows.cast(PLAIN_SCHEMA))
    of_run = kind == "one run" and len(table) > 0
    return sealed(written.getvalue(), packed(_plain_values(table)) if of_run else None)


def _repeating(table: pa.Table) -> list[str]:
    """The columns that dictionaries make shorter.

    An empty one, uncompressed, is a page of no bytes, at which fastparquet ends.
    """
    names = (name for name in table.column_names if name not in _MEASURED)
    return [name for name in names if table[name].null_count < len(table)]


def read_pages(file: SealedFile) -> pa.Table:
    """Read all rows of a Parquet file; texts of a large one as dictionaries.

    A file without a seal, written by an older version or by another tool, has only its pages
    checked, and those only if it has checksums of them.

    Raises:
        OSError: It cannot be read.
        pa.ArrowException: It is no Parquet file.
    """
    content = pa.BufferReader(file.content)
    with pq.ParquetFile(
        content,
        page_checksum_verification=not file.is_sealed,
        read_dictionary=_TEXTS if len(file.content) > _LARGE else None,
    ) as opened:
        return opened.read(use_threads=False)


def has_columns_of_today(path: Path) -> bool:
    """Tell by the names in its footer whether a file has today's columns, and no dictionaries.

    It is for a look at thousands of files, and makes none of their rows.

    Raises:
        OSError: It cannot be read.
    """
    footer = footer_of(path.read_bytes())
    return _ARROW_SCHEMA not in footer and all(name.encode() in footer for name in SCHEMA.names)


def _plain_values(table: pa.Table) -> dict[str, list[str | int | float | None]]:
    """The values of each column as Python's; times as microseconds."""
    columns = zip(table.column_names, table.columns, strict=True)
    return {
        name: (
            column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
        ).to_pylist()
        for name, column in columns
    }
