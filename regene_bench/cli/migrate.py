"""``regene-bench migrate``: files of older versions under today's schema."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from regene_bench.base.errors import UsageError
from regene_bench.base.paths import DEFAULT_RESULTS
from regene_bench.base.text import printable, say
from regene_bench.cli.options import no_store


def migrate(
    results: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of results. Default: results.", show_default=False, callback=no_store
        ),
    ] = None,
) -> None:
    """Write files of older versions anew with today's columns, so that every tool reads the folder.

    No value changes, and no answer of any command. `run` does it by itself.
    """
    from regene_bench.harness.migration import migrate as bring_up
    from regene_bench.leaderboard.places import FOLDER, part_files

    folder = results or DEFAULT_RESULTS
    if not (folder / FOLDER).is_dir():
        raise UsageError(f"{folder} has no results.", hint="Name a folder of results.")
    for benchmark in sorted({path.parent.name for path in part_files(folder)}):
        done = bring_up(folder, benchmark)
        for part in done.left:
            say(f"left {printable(str(part.path))}: {printable(part.reason)}", file=sys.stderr)
        if done.busy:
            say(
                f"left {done.busy:,} files of runs that another call is at work on; call again "
                "when it has ended",
                file=sys.stderr,
            )
        say(f"{printable(benchmark)}: {done.rewritten:,} of {done.files:,} files written anew")
