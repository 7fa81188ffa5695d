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
from regene_bench.leaderboard.schema import COLUMNS, PLAIN_SCHEMA, SCHEMA

_MARK = b"regene-bench seal "
_DIGITS = 8
_SEAL = len(_MARK) + _DIGITS
# the length of the footer, and the magic word
_TAIL = 8


Kind = Literal["one run", "many runs"]

_TEXTS = [c.name for c in COLUMNS if c.kind == "text"]
# what hardly repeats: a dictionary of it is as long as it is
_MEASURED = ("value", "std", "ci_low", "ci_high")
# from about this size on it pays to read dictionaries as such
_LARGE = 1 << 16
# under this key Arrow keeps its own schema, which alone can say that texts are dictionaries
_ARROW_SCHEMA = b"ARROW:schema"


def part_bytes(table: pa.Table, kind: Kind = "one run") -> bytes:
    """Write rows as a sealed Parquet file, with checksums of its pages for other readers.

    Texts are plain ones, without Arrow's own schema beside Parquet's: dictionaries come to pandas
    as categories, which neither add up nor compare, and in a folder polars takes no two files of
    which one has them.

    Args:
        table: Rows under the schema.
        kind: Of a single run compression and statistics would be most of the file and of the time
            to read it; only of the seeds it is said that none is missing, or fastparquet takes them
            for floats. Of many, it is compressed by snappy, which every reader knows, and has
            statistics of each column.
    """
    written = io.BytesIO()
    plain = table.cast(PLAIN_SCHEMA)
    pq.write_table(
        plain,
        written,
        compression="none" if kind == "one run" else "snappy",
        use_dictionary=_repeating(plain),
        write_statistics=["seed"] if kind == "one run" else True,
        store_schema=False,
        write_page_checksum=True,
    )
    content = written.getvalue()
    cut = _footer(content)
    pages, footer = content[:cut], content[cut:]
    return b"".join((pages, _seal(pages, footer), footer))


def _repeating(table: pa.Table) -> list[str]:
    """The columns that dictionaries make shorter.

    An empty one, uncompressed, is a page of no bytes, at which fastparquet ends.
    """
    names = (name for name in table.column_names if name not in _MEASURED)
    return [name for name in names if table[name].null_count < len(table)]


def open_part(path: Path) -> pq.ParquetFile:
    """Read a file whole, and open what was read as Parquet; texts of a large one as dictionaries.

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
    return pq.ParquetFile(
        pa.BufferReader(content),
        page_checksum_verification=not sealed,
        read_dictionary=_TEXTS if len(content) > _LARGE else None,
    )


def is_sealed(path: Path) -> bool:
    """Tell whether a file has a seal, be it right or wrong."""
    content = path.read_bytes()
    cut = _footer(content)
    return content[max(0, cut - _SEAL) : cut].startswith(_MARK)


def has_columns_of_today(path: Path) -> bool:
    """Tell by the names in its footer whether a file has today's columns, and no dictionaries.

    It is for a look at thousands of files, and reads none of their rows.

    Raises:
        OSError: It cannot be read.
    """
    content = path.read_bytes()
    footer = content[_footer(content) :]
    return _ARROW_SCHEMA not in footer and all(name.encode() in footer for name in SCHEMA.names)


def _footer(content: bytes) -> int:
    """Where the footer begins; 0 if that cannot be."""
    if len(content) < _TAIL:
        return 0
    length = int.from_bytes(content[-_TAIL : -_TAIL + 4], "little")
    return max(0, len(content) - _TAIL - length)


def _seal(pages: bytes | memoryview, footer: bytes | memoryview) -> bytes:
    return _MARK + checksum([pages, footer]).encode()
