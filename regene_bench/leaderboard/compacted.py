"""Files that hold many runs, beside the parts of single ones: how they are called, what is in them.

Such a file lies in the folder of its benchmark and has the schema of any part, so that every reader
of parts reads it. Its name says between which ids its runs lie, and ends in a mark of its content:
two files of one name are the same. A run's own part, if there is one, wins over it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from regene_bench.base.checksums import checksum

_NAME = re.compile(r"runs-([0-9a-f]+)-([0-9a-f]+)-[0-9a-f]{8}\.parquet")


def file_name(first: str, last: str, content: bytes) -> str:
    """Name a file of runs.

    Args:
        first: The smallest id of a run in it.
        last: The largest.
        content: Its bytes.
    """
    return f"runs-{first}-{last}-{checksum([content])}.parquet"


def is_compacted(name: str) -> bool:
    """Tell by its name whether a file holds many runs."""
    # thousands of names are looked at, of which few begin so
    return name.startswith("runs-") and _NAME.fullmatch(name) is not None


def may_hold(name: str, prefix: str) -> bool:
    """Tell by its name whether a file can hold a run whose id begins so."""
    found = _NAME.fullmatch(name) if is_compacted(name) else None
    if found is None:
        return False
    first, last = found.groups()
    return first[: len(prefix)] <= prefix <= last[: len(prefix)]


def holding(folder: Path, run_id: str) -> Iterator[Path]:
    """Yield the files of many runs in a benchmark's folder that can hold a run, sorted."""
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if may_hold(path.name, run_id))
