"""Putting rows of a results folder into other files, while runs and other calls may be at work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from regene_bench.base.disk import told_of_disk
from regene_bench.base.errors import ResultsError
from regene_bench.base.files import stays_inside, sweep_abandoned, write_atomically
from regene_bench.harness.run_folders import LOCK, run_folder
from regene_bench.leaderboard.compacted import file_name
from regene_bench.leaderboard.part_file import part_bytes
from regene_bench.leaderboard.reading import BadPart, read_file
from regene_bench.leaderboard.schema import PLAIN_SCHEMA
from regene_bench.runtime.locks import held_if_free

_LOCK = ".compacting.lock"
_WAIT_SECONDS = 10.0


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other calls from putting the rows of a benchmark's folder elsewhere.

    Raises:
        ResultsError: The disk refuses, or another call is at work.
    """
    with told_of_disk("write to", folder), held_if_free(folder / _LOCK, _WAIT_SECONDS) as held:
        if not held:
            raise ResultsError(
                f"Another call is at work on the files of {folder}.",
                hint="Wait until it has ended.",
            )
        sweep_abandoned(folder)
        yield


@contextmanager
def at_rest(results: Path, run_id: str) -> Iterator[bool]:
    """Lock a run, if it has a folder; tell whether no other call is at work on it."""
    folder = run_folder(results, run_id)
    if not folder.is_dir():
        yield True
        return
    with held_if_free(folder / LOCK) as held:
        yield held


def lies_here(path: Path, results: Path) -> bool:
    """Tell whether a file is a results folder's own, and no link to elsewhere."""
    return not path.is_symlink() and stays_inside(path, results)


def write_runs(folder: Path, rows: pa.Table) -> Path:
    """Write a file of many runs, and read it again.

    Args:
        folder: The benchmark's.
        rows: Under the schema, sorted by run.

    Returns:
        The file, whose name is made of what is in it.

    Raises:
        ResultsError: The disk refuses, or what is read is not what was written: nothing is there.
    """
    content = part_bytes(rows, "many runs")
    first, last = rows["run_id"][0].as_py(), rows["run_id"][len(rows) - 1].as_py()
    path = folder / file_name(first, last, content)
    with told_of_disk("write to", path):
        write_atomically(path, content)
    again = read_file(path)
    if isinstance(again, BadPart) or not again.cast(PLAIN_SCHEMA).equals(rows.cast(PLAIN_SCHEMA)):
        with told_of_disk("remove", path):
            path.unlink(missing_ok=True)
        raise ResultsError(
            f"{path} was not read as it was written; nothing was removed.",
            hint="Check the disk, then try again.",
        )
    return path
