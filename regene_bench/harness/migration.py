"""Bringing files of older versions under today's schema, so that other readers need no union.

Tools that read a folder take its columns from one of the files, and drop or refuse what others have
besides. Each file is written anew whole or not at all, so a kill at any moment leaves every run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from regene_bench.base.disk import told_of_disk
from regene_bench.base.files import sync_folder, write_atomically
from regene_bench.harness.rewriting import alone_in, at_rest, lies_here, write_runs
from regene_bench.leaderboard.compacted import is_compacted
from regene_bench.leaderboard.part_file import Kind, has_columns_of_today, part_bytes
from regene_bench.leaderboard.places import FOLDER, part_files
from regene_bench.leaderboard.reading import BadPart, read_file


@dataclass(frozen=True)
class Migration:
    """What became of the files of a benchmark.

    Attributes:
        benchmark: Its name.
        files: How many there are.
        rewritten: How many of them an older version or another tool had written.
        busy: Older ones that were left, since another call is at work on their runs.
        left: Files that cannot be read; they were left.
    """

    benchmark: str
    files: int
    rewritten: int
    busy: int
    left: tuple[BadPart, ...] = ()


def migrate(
    results: Path, benchmark: str, between: Callable[[int, int], None] = lambda done, of: None
) -> Migration:
    """Write the files of a benchmark anew that have not today's columns; no value changes.

    Args:
        results: The results folder.
        benchmark: A benchmark in it.
        between: Told before each of the older files how many of how many are done; it may raise to
            stop, and what is done then is done.

    Raises:
        ResultsError: The disk refuses, or another call puts rows of the benchmark elsewhere.
    """
    files = part_files(results, benchmark)
    older = [path for path in files if _is_older(path, results)]
    if not older:
        return Migration(benchmark, len(files), 0, 0)
    folder = results / FOLDER / benchmark
    rewritten, busy, left = 0, 0, []
    with alone_in(folder):
        for done, path in enumerate(older):
            between(done, len(older))
            with at_rest(results, path.stem) as rests:
                found = read_file(path)
                if isinstance(found, BadPart):
                    left.append(found)
                elif rests:
                    _rewrite(path, found)
                    rewritten += 1
                else:
                    busy += 1
        with told_of_disk("write to", folder):
            sync_folder(folder)
    return Migration(benchmark, len(files), rewritten, busy, tuple(left))


def _is_older(path: Path, results: Path) -> bool:
    try:
        return lies_here(path, results) and not has_columns_of_today(path)
    except OSError:  # gone since, or no file: reading tells
        return False


def _rewrite(path: Path, table: pa.Table) -> None:
    if is_compacted(path.name):
        if not len(table):
            return
        # its name says between which ids its runs are
        order = pc.sort_indices(table["run_id"].cast(pa.string()))
        if write_runs(path.parent, table.take(order)) != path:
            with told_of_disk("remove", path):
                path.unlink()
        return
    kind: Kind = "one run" if len(table["run_id"].unique()) == 1 else "many runs"
    with told_of_disk("write to", path):
        write_atomically(path, part_bytes(table, kind))
