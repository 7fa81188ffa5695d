"""Options that commands with long work have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Results = Annotated[Path, typer.Option(help="Folder of results.")]
Data = Annotated[
    list[Path] | None, typer.Option(help="Folder to look for data in; may be given again.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="A parameter, METHOD.KEY=VALUE; may be given again."),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")]
Precision = Annotated[str, typer.Option(help="auto, float32, bfloat16.")]
TimeLimit = Annotated[
    str, typer.Option(help="Save and end after this long (540, 9m, 2h); call again to go on.")
]
CheckpointEvery = Annotated[str, typer.Option(help="Time between checkpoints.")]
Workers = Annotated[
    int | None, typer.Option(help="Runs at once, each in a process of one thread.", min=1)
]
ExecutorName = Annotated[
    str,
    typer.Option(
        help="How runs are carried out: serial, stacked (sweeps train as one), workers. "
        "Default: serial; workers with --workers."
    ),
]
