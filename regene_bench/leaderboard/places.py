"""Where the Parquet parts of a results folder lie; no Arrow.

A part lies at ``<results>/leaderboard/<benchmark>/<run_id>.parquet``; beside it may lie files of
many runs (``compacted``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from regene_bench.base.errors import ResultsError
from regene_bench.base.files import stays_inside
from regene_bench.leaderboard.rules import is_file_name

FOLDER = "leaderboard"
SUFFIX = ".parquet"


def part_path(results: Path, benchmark: str, run_id: str) -> Path:
    """Return where the part of a run lies.

    Raises:
        ResultsError: A name cannot stand as one component of a path.
    """
    for name in (benchmark, run_id):
        if not is_file_name(name):
            raise ResultsError(
                f"{name!r} cannot be the name of a file.",
                hint="Rename the benchmark; letters, digits, '-' and '_' always work.",
            )
    return results / FOLDER / benchmark / f"{run_id}{SUFFIX}"


def part_files(folder: Path, benchmark: str | None = None) -> list[Path]:
    """List the files that should be parts, sorted; temporary files are left out."""
    root = folder / FOLDER
    names = part_names(root, benchmark)
    folders = {where: root / where for where, _ in names}
    return [folders[where] / name for where, name in names]


def part_names(root: Path, benchmark: str | None = None) -> list[tuple[str, str]]:
    """Folder and name of each part, sorted: texts, of which many cost less than of paths."""
    folders = [] if benchmark is None else [benchmark]
    if benchmark is None:
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(root) as entries:
            folders = sorted(entry.name for entry in entries if entry.is_dir())
    found: list[tuple[str, str]] = []
    for where in folders:
        with suppress(FileNotFoundError, NotADirectoryError):
            names = sorted(entry.name for entry in os.scandir(root / where))
            found += [(where, n) for n in names if n.endswith(SUFFIX) and not n.startswith(".")]
    return found


def leading_out(files: Iterable[Path], folder: Path) -> set[Path]:
    """The files that lie elsewhere, behind a link: a results folder may come from anywhere."""
    files = list(files)
    outside = {own for own in {p.parent for p in files} if not stays_inside(own, folder)}
    return {
        p for p in files if p.parent in outside or (p.is_symlink() and not stays_inside(p, folder))
    }
