"""``regene-bench compact``: thousands of small files of results as few."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from regene_bench.base.errors import UsageError
from regene_bench.base.paths import DEFAULT_RESULTS
from regene_bench.base.text import printable, say
from regene_bench.cli.options import no_store


def compact(
    results: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of results. Default: results.", show_default=False, callback=no_store
        ),
    ] = None,
) -> None:
    """Fold the parts of many runs into few files, which are read faster.

    No answer of any command changes by it. Runs that are repeated or added later have parts of
    their own again, which count.
    """
    from regene_bench.harness.compaction import compact as fold
    from regene_bench.leaderboard.places import FOLDER, part_files

    folder = results or DEFAULT_RESULTS
    if not (folder / FOLDER).is_dir():
        raise UsageError(f"{folder} has no results.", hint="Name a folder of results.")
    for benchmark in sorted({path.parent.name for path in part_files(folder)}):
        done = fold(folder, benchmark)
        for part in done.left:
            say(f"left {printable(str(part.path))}: {printable(part.reason)}", file=sys.stderr)
        if done.runs:
            say(f"{printable(benchmark)}: {done.before:,} files are {done.after:,} now")
        else:
            say(f"{printable(benchmark)}: {done.before:,} files, nothing to fold")
