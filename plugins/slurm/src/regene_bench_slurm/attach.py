"""``regene-bench attach``: watching the arrays of a results folder without taking part."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def attach(
    results: Annotated[Path, typer.Argument(help="The results folder.")] = Path("results"),
    poll: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.5)] = 15.0,
) -> None:
    """Watch the runs of a results folder that are in Slurm's queue, until none is.

    Ctrl-C ends the watching and nothing else. What was handed over goes on, and the call that
    handed it over shows its table when it is made again.
    """
    from regene_bench_slurm.watching import watch

    raise typer.Exit(watch(results, poll))
