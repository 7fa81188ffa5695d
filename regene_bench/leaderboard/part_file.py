"""The bytes of a Parquet file of leaderboard rows, sealed so that damage is seen.

Parquet's own checksums cover its pages, and what is in the footer is believed: a flipped bit there
gives other numbers, or reads one column as another. The seal covers every byte. It lies between the
last page and the footer, where any reader of Parquet passes over it, and where a tool that writes
the rows anew does not take it along.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from regene_bench.base.checksums import checksum
from regene_bench.base.errors import ResultsError
from regene_bench.leaderboard.schema import PLAIN_SCHEMA

_MARK = b"regene-bench seal "
_DIGITS = 8
_SEAL = len(_MARK) + _DIGITS
# the length of the footer, and the magic word
_TAIL = 8


Kind = Literal["part", "compacted", "published"]


def part_bytes(table: pa.Table, kind: Kind = "part") -> bytes:
    """Write rows as a sealed Parquet file, with checksums of its pages for other readers.

    Texts are plain ones, without Arrow's own schema beside Parquet's: dictionaries come to pandas
    as categories, which neither add up nor compare. Only ``compacted`` files, which this program
    alone is meant to read, keep them.

    Args:
        table: Rows under the schema.
        kind: ``part``: of a single run, where compression and statistics would be most of the file
            and of the time to read it. ``published``: of many, compressed by snappy, which every
            reader knows, with the smallest and largest value of each column. ``compacted``: as
            small as can be.
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
    content = written.getvalue()
    cut = _footer(content)
    pages, footer = content[:cut], content[cut:]
    return b"".join((pages, _seal(pages, footer), footer))


def open_part(path: Path) -> pq.ParquetFile:
    """Read a file whole, and open what was read as Parquet.

    A file without a seal, written by an older version or by another tool, has only its pages
    checked, and those only if it has checksums of them.

    Raises:
        ResultsError: It is empty, or its bytes are not those that were sealed.
        OSError: It cannot be read.
        pa.ArrowException: It is no Parquet file.
    """
    content = path.read_bytes()
    if not content:
        raise ResultsError("the file is empty")
    view = memoryview(content)
    cut = _footer(content)
    seal = bytes(view[max(0, cut - _SEAL) : cut])
    sealed = seal.startswith(_MARK)
    if sealed and seal != _seal(view[: cut - _SEAL], view[cut:]):
        raise ResultsError("damaged: its bytes are not those that were written")
    return pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=not sealed)


def is_sealed(path: Path) -> bool:
    """Tell whether a file has a seal, be it right or wrong."""
    content = path.read_bytes()
    cut = _footer(content)
    return content[max(0, cut - _SEAL) : cut].startswith(_MARK)


def _footer(content: bytes) -> int:
    """Where the footer begins; 0 if that cannot be."""
    if len(content) < _TAIL:
        return 0
    length = int.from_bytes(content[-_TAIL : -_TAIL + 4], "little")
    return max(0, len(content) - _TAIL - length)


def _seal(pages: bytes | memoryview, footer: bytes | memoryview) -> bytes:
    return _MARK + checksum([pages, footer]).encode()
