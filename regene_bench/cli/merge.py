"""``regene-bench merge``: several leaderboards as one results folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from regene_bench.base.errors import UsageError
from regene_bench.base.text import say
from regene_bench.cli.options import no_store


def merge(
    sources: Annotated[
        list[Path], typer.Argument(help="Folders of results, or Parquet files; first ones first.")
    ],
    into: Annotated[
        Path, typer.Option(help="Results folder to write; a new one, or empty.", callback=no_store)
    ],
    tolerance: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Relative difference up to which scores agree."),
    ] = 1e-3,
) -> None:
    """Put the leaderboards of several people into one.

    Runs are told apart by their ids. The same run in two places counts once; where its scores
    contradict each other they are listed, the run is left out and the exit code is 3.
    """
    from regene_bench.cli.publish import read_sources, tell_conflicts
    from regene_bench.leaderboard import merge as merging
    from regene_bench.leaderboard.parts import write_part
    from regene_bench.leaderboard.places import FOLDER
    from regene_bench.publish.pictures import copy_pictures, copy_traceback
    from regene_bench.runtime.shared_weights import copy_weights

    if (into / FOLDER).exists() and any((into / FOLDER).rglob("*")):
        raise UsageError(f"{into} has results already.", hint="Give the name of a new folder.")
    read = read_sources(sources)
    merged = merging.merge(read, tolerance)
    count = 0
    folders = [source.path for source in read]
    for record in merging.records(merged.table):
        if record.traceback_path is not None:
            path = copy_traceback(folders, into, record.run_id, record.traceback_path)
            record = replace(record, traceback_path=path)
        write_part(into, record)
        copy_pictures(folders, into, record.run_id)
        count += 1
    judges = set(merged.table["weights_sha256"].unique().to_pylist())
    copied = copy_weights(folders, into, judges)
    say(f"{into}: {count} runs, {len(merged.folded)} of them from more than one place")
    for recipe, digests in copied.items():
        if len(digests) > 1:
            several = ", ".join(sorted(digest[:8] for digest in digests))
            say(f"{recipe}: scores by {several} are not ranked together.")
    raise typer.Exit(tell_conflicts(merged.conflicts))
