"""``regene-bench verify``: whether the files of results and caches are as they were written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regene_bench.base.errors import UsageError
from regene_bench.base.paths import DEFAULT_RESULTS
from regene_bench.base.text import json_text, printable, say
from regene_bench.cli.options import no_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from regene_bench.harness.verification import Looked


def verify(
    results: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of results. Default: results.", show_default=False, callback=no_store
        ),
    ] = None,
    caches: Annotated[
        bool, typer.Option("--caches/--no-caches", help="Look at caches and weights, too.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Read every file of a results folder and the caches, and name those that are damaged.

    Nothing is changed. Exits with 1 if something is damaged.
    """
    from regene_bench.harness.verification import look_at_results

    if results is not None and not results.is_dir():
        raise UsageError(f"There is no folder {results}.", hint="Name a folder of results.")
    # caches first: reading results mends the copy of a leaderboard
    looked = [
        *(look_at_all_caches() if caches else ()),
        *look_at_results(results or DEFAULT_RESULTS),
    ]
    damaged = [one for one in looked if one.damage]
    if as_json:
        told = [vars(one) | {"path": str(one.path)} for one in damaged]
        say(json_text({"looked_at": len(looked), "damaged": told}))
    else:
        _show(damaged, len(looked))
    raise typer.Exit(1 if damaged else 0)


def look_at_all_caches() -> Iterable[Looked]:
    """Look at all that lies in the user's cache."""
    from regene_bench.harness.verification import look_at_caches
    from regene_bench.plugins.host import load_plugins

    return look_at_caches(load_plugins())


def _show(damaged: Sequence[Looked], count: int) -> None:
    for one in damaged:
        say(f"{printable(str(one.path))}\n  {printable(one.damage)}\n  {printable(one.remedy)}")
    say(f"{count} files were looked at, {len(damaged)} are damaged.")
