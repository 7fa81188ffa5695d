"""The bytes of a Parquet file of leaderboard rows."""

from __future__ import annotations

import io
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from regene_bench.leaderboard.packed_rows import packed
from regene_bench.leaderboard.schema import PLAIN_SCHEMA
from regene_bench.leaderboard.seal import SealedFile, sealed

Kind = Literal["part", "compacted", "published"]


def part_bytes(table: pa.Table, kind: Kind = "part") -> bytes:
    """Write rows as a sealed Parquet file, with checksums of its pages for other readers.

    Texts are plain ones, without Arrow's own schema beside Parquet's: dictionaries come to pandas
    as categories, which neither add up nor compare. Only ``compacted`` files, which this program
    alone is meant to read, keep them.

    Args:
        table: Rows under the schema.
        kind: ``part``: of a single run, where compression and statistics would be most of the file
            and of the time to read it; its rows stand beside the pages once more, packed.
            ``published``: of many, compressed by snappy, which every reader knows, with the
            smallest and largest value of each column. ``compacted``: as small as can be.
    """
    written = io.BytesIO()
    pq.write_table(
        table if kind == "compacted" else table.cast(PLAIN_SCHEMA),
        written,
        compression={"part": "none", "compacted": "zstd", "published": "snappy"}[kind],
        write_statistics=kind != "part",
        store_schema=kind == "compacted",
        write_page_checksum=True,
    )
    of_run = kind == "part" and len(table) > 0
    return sealed(written.getvalue(), packed(_plain_values(table)) if of_run else None)


def read_pages(file: SealedFile) -> pa.Table:
    """Read all rows of a Parquet file.

    A file without a seal, written by an older version or by another tool, has only its pages
    checked, and those only if it has checksums of them.

    Raises:
        OSError: It cannot be read.
        pa.ArrowException: It is no Parquet file.
    """
    content = pa.BufferReader(file.content)
    with pq.ParquetFile(content, page_checksum_verification=not file.is_sealed) as opened:
        return opened.read(use_threads=False)


def _plain_values(table: pa.Table) -> dict[str, list[str | int | float | None]]:
    """The values of each column as Python's; times as microseconds."""
    columns = zip(table.column_names, table.columns, strict=True)
    return {
        name: (
            column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
        ).to_pylist()
        for name, column in columns
    }
