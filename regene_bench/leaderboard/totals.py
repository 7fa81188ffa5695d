"""What boards of totals are made of, kept in the user's cache as one small file.

Nine rows of ten are scores of single classes, which only boards of classes show. Without them, and
with all runs of a results folder together, a million rows are a file that is read at once. It
counts only while every part has the name, size, times and inode that it had before it was read,
and none of them was bad: then nothing has to be said, and nothing else is read.
"""

from __future__ import annotations

import hashlib
import os
from operator import attrgetter
from pathlib import Path

import numpy as np
import pyarrow as pa

from regene_bench.base.files import stays_inside
from regene_bench.leaderboard.aggregate import USED
from regene_bench.leaderboard.boxed import boxed
from regene_bench.leaderboard.compacted import is_compacted
from regene_bench.leaderboard.grouping import group
from regene_bench.leaderboard.parts import read_parts
from regene_bench.leaderboard.parts_cache import load_file, store_file
from regene_bench.leaderboard.places import FOLDER, SUFFIX
from regene_bench.leaderboard.reading import WORTH_A_COPY, BadPart
from regene_bench.leaderboard.row_columns import SCHEMA_VERSION
from regene_bench.leaderboard.schema import SCHEMA
from regene_bench.leaderboard.unboxed import is_there, unboxed

_KEY = b"made of"
# raise the first number when what is believed of a part, or what is kept of its rows, changes
_MADE_BY = f"1/{SCHEMA_VERSION}/{','.join(USED)}".encode()


def read_totals(results: Path) -> tuple[pa.Table, list[BadPart]]:
    """Read the rows that boards of totals need, of all columns that boards are made of.

    Args:
        results: The results folder.

    Returns:
        All rows without a class, and of each run one row at least; and the files that were skipped.
    """
    key = _state_of(results / FOLDER)
    kept = load_file(results / FOLDER) if key else None
    if kept is not None and (kept.schema.metadata or {}).get(_KEY) == key:
        return kept.replace_schema_metadata(SCHEMA.metadata), []
    table, bad = read_parts(results, columns=USED)
    table = _without_classes(table)
    if key and not bad:
        store_file(results / FOLDER, table.replace_schema_metadata({_KEY: key}))
    return table, bad


def _without_classes(table: pa.Table) -> pa.Table:
    """Leave out the scores of classes, but for the first row of each run."""
    rows = pa.table({"run_id": table["run_id"], "row": boxed(np.arange(len(table)))})
    needed = ~is_there(table["class"])
    needed[unboxed(group(rows, ("run_id",), [], kept=("row",))["row"])] = True
    return table if needed.all() else table.take(boxed(np.flatnonzero(needed)))


def _state_of(root: Path) -> bytes | None:
    """A hash of what all parts are known by; ``None`` of few runs, or where links lead astray.

    Also ``None`` if something goes while it is looked at: half a folder is not to be known again.
    """
    try:
        if not stays_inside(root, root.parent):
            return None
        told, has_many = [_MADE_BY, os.fsencode(root.resolve())], False
        with os.scandir(root) as folders:
            for folder in sorted(folders, key=lambda entry: entry.name):
                if folder.is_symlink():
                    return None
                files = _parts_in(folder) if folder.is_dir() else []
                if any(part.is_symlink() for part in files):
                    return None
                told += [os.fsencode(folder.name), *map(_known_by, files)]
                has_many = has_many or any(is_compacted(part.name) for part in files)
    except OSError:
        return None
    if not has_many and len(told) < WORTH_A_COPY:
        return None
    return hashlib.sha256(b"\n".join(told)).hexdigest().encode()


def _parts_in(folder: os.DirEntry[str]) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted((e for e in entries if e.name.endswith(SUFFIX)), key=attrgetter("name"))


def _known_by(part: os.DirEntry[str]) -> bytes:
    s = part.stat(follow_symlinks=False)
    return b"%b/%d/%d/%d/%d" % (
        os.fsencode(part.name),
        *(s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino),
    )
