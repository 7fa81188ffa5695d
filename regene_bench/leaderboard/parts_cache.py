"""One file instead of many: a copy of the parts of a folder, in the user's cache.

To open a thousand small Parquet files takes seconds, to map one Arrow file takes none. The parts
stay what counts: of the copy only rows of parts are used whose name, size, times and inode are
still those it was made from. Behind the Arrow file stands a checksum of it: a copy that was damaged
is none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from regene_bench.base.checksums import checksum
from regene_bench.base.files import sweep_abandoned, whole_file
from regene_bench.base.paths import cache_dir
from regene_bench.leaderboard.boxed import no_rows
from regene_bench.leaderboard.schema import SCHEMA

# another word than versions had that looked at no content
_PARTS = b"sound parts"
_DIGITS = 8

Stamp = tuple[str, int, int, int, int]


@dataclass(frozen=True)
class CachedParts:
    """A copy of parts.

    Attributes:
        table: Their rows under ``SCHEMA``.
        rows: First row and number of rows of each part.
    """

    table: pa.Table
    rows: Mapping[Stamp, tuple[int, int]]


def stamp(path: Path) -> Stamp | None:
    """What a part is known by: name, size, times and inode; ``None`` if it is gone.

    Of the two times one is of the content, which a copying tool may set back, and one of the entry,
    which it cannot.
    """
    try:
        status = path.stat()
    except OSError:
        return None
    times = status.st_mtime_ns, status.st_ctime_ns
    return path.name, status.st_size, *times, status.st_ino


def load_copy(folder: Path) -> CachedParts:
    """Map the copy of a folder's parts; an empty one if there is none that can be read."""
    table = load_file(folder)
    if table is not None and table.schema.equals(SCHEMA):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return CachedParts(table, _ranges(json.loads(table.schema.metadata[_PARTS])))
    return CachedParts(no_rows(), {})


def load_file(folder: Path) -> pa.Table | None:
    """Map the table that is kept of a folder; ``None`` if there is none that can be read."""
    with contextlib.suppress(OSError, pa.ArrowException, ValueError):
        arrow = _checked(_path(folder))
        if arrow is not None:
            return pa.ipc.open_file(pa.BufferReader(arrow)).read_all()
    return None


def is_sound_copy(path: Path) -> bool:
    """Tell whether a file of copied parts is what was written."""
    with contextlib.suppress(OSError, pa.ArrowException, ValueError):
        return _checked(path) is not None
    return False


def _checked(path: Path) -> pa.Buffer | None:
    """Map a copy; ``None`` where its checksum is another. The checksum itself is left out."""
    with pa.memory_map(str(path)) as file:
        content = file.read_buffer()
    arrow = content.slice(0, max(0, len(content) - _DIGITS))
    mark = content.slice(len(arrow)).to_pybytes()
    return arrow if checksum([arrow]).encode() == mark else None


def store_copy(folder: Path, table: pa.Table, parts: Sequence[tuple[Stamp, int]]) -> None:
    """Write a copy for the next reading; if it cannot be written there is none.

    Args:
        folder: Where the parts lie.
        table: Their rows under ``SCHEMA``, part after part, one dictionary a column.
        parts: Each part's stamp and number of rows, in the order of the rows.
    """
    metadata = {**(SCHEMA.metadata or {}), _PARTS: json.dumps(parts).encode()}
    store_file(folder, table.replace_schema_metadata(metadata))


def store_file(folder: Path, told: pa.Table) -> None:
    """Keep a table of a folder's parts for ``load_file``; if it cannot be written there is none."""
    path = _path(folder)
    with contextlib.suppress(OSError, pa.ArrowException):
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep_abandoned(path.parent)
        # not synced: a copy that a power failure tore cannot be read, and is none
        with whole_file(path, synced=False) as file:
            with pa.ipc.new_file(file, told.schema) as out:
                out.write_table(told)
            file.flush()
            with pa.memory_map(file.name) as written:
                mark = checksum([written.read_buffer()])
            file.write(mark.encode())


def _path(folder: Path) -> Path:
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:24]
    return cache_dir() / "leaderboards" / f"{name}.arrow"


def _ranges(parts: Sequence[tuple[Sequence[str | int], int]]) -> dict[Stamp, tuple[int, int]]:
    ranges, start = {}, 0
    for (name, size, changed, moved, inode), count in parts:
        ranges[str(name), int(size), int(changed), int(moved), int(inode)] = (start, count)
        start += count
    return ranges
