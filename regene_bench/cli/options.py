"""What commands' options have in common: their declarations, how names are completed.

Nothing heavy is imported: the shell asks for completions at every press of the key.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regene_bench.base.errors import UsageError
from regene_bench.base.text import say
from regene_bench.plugins.host import KINDS, load_plugins

if TYPE_CHECKING:
    from regene_bench.stores.mirror import Pulled


def results_here(given: Path) -> Path:
    """Give the folder of results that a user means, and say what was fetched of a store.

    Raises:
        RegeneBenchError: It is the address of a store that cannot be reached or is none.
    """
    if not _is_address(given):
        return given
    from regene_bench.stores.opening import results_folder

    def tell(address: str, pulled: Pulled) -> None:
        say(f"{address}: {pulled.total} parts, {pulled.fetched} of them fetched.", file=sys.stderr)

    return results_folder(given, tell)


def _results(context: typer.Context, given: Path) -> Path:
    # the shell asks for completions
    return given if context.resilient_parsing else results_here(given)


def _is_address(given: Path) -> bool:
    # a path has one slash in the place of two
    return given.as_posix().startswith(("s3:/", "file:/"))


def no_store(given: Path | None) -> Path | None:
    """Refuse the address of a store where a folder is wanted.

    Raises:
        UsageError: It is one.
    """
    if given is not None and _is_address(given):
        raise UsageError(
            "This command works on a folder of results, not on a store.",
            hint="Give the folder; what lies on a store the tools of its server remove.",
        )
    return given


Results = Annotated[
    Path,
    typer.Option(help="Folder of results, or a store: s3://BUCKET/PREFIX.", callback=_results),
]
ResultsFolder = Annotated[Path, typer.Option(help="Folder of results.", callback=no_store)]
Data = Annotated[
    list[Path] | None, typer.Option(help="Folder to look for data in; may be given again.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="A parameter, METHOD.KEY=VALUE; may be given again."),
]
RankedBy = Annotated[
    str,
    typer.Option(
        help="Metric that ranks, with its extractor where it has several: "
        "'fd[extractor=inception]'. Default: the benchmark's."
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")]
Devices = Annotated[
    str,
    typer.Option(
        help="Devices that share the runs: cuda:0,cuda:1, or all; --workers counts on each."
    ),
]
MixedDevices = Annotated[
    bool, typer.Option("--mixed-devices", help="Let --devices be of several models.")
]
Precision = Annotated[str, typer.Option(help="auto, float32, bfloat16.")]
Fast = Annotated[
    bool,
    typer.Option(
        "--fast/--deterministic",
        help="Train by the fastest kernels, or by those that give the same each time.",
    ),
]
Captured = Annotated[
    bool,
    typer.Option(
        "--captured", help="Capture training steps as CUDA graphs where they can be (a GPU alone)."
    ),
]
TimeLimit = Annotated[
    str,
    typer.Option(
        help="Save and end after this long (540, 9m, 2h; auto: what Slurm leaves this job); call "
        "again to go on."
    ),
]
RunTimeout = Annotated[
    str,
    typer.Option(
        help="End a run that takes longer (2h), as a failed row, and begin the next one. Each run "
        "is in a worker process then, one at a time without --workers."
    ),
]
CheckpointEvery = Annotated[str, typer.Option(help="Time between checkpoints.")]
Workers = Annotated[
    int | None, typer.Option(help="Runs at once, each in a process of one thread.", min=1)
]
Log = Annotated[
    str,
    typer.Option(
        help="Keep curves, scores and samples of runs for tensorboard, mlflow, wandb or trackio, "
        "too; with commas between."
    ),
]
ExecutorName = Annotated[
    str,
    typer.Option(
        help="How runs are carried out: serial, stacked (sweeps train as one), workers. "
        "Default: serial; workers with --workers."
    ),
]
ExecutorOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--executor-option",
        help="An option of a plugin's executor, KEY=VALUE (`info EXECUTOR` lists them); may be "
        "given again.",
    ),
]
SafeCells = Annotated[
    bool,
    typer.Option(
        "--safe-cells", help="Of CSV, have no cell that a spreadsheet takes for a formula."
    ),
]


def complete_benchmarks(incomplete: str) -> list[str]:
    """Complete the name of a benchmark."""
    return _complete("benchmark", incomplete)


def complete_methods(incomplete: str) -> list[str]:
    """Complete the last name of a list of methods: ``regene,cg`` becomes ``regene,cgan``."""
    return _complete_last("method", incomplete)


def complete_metrics(incomplete: str) -> list[str]:
    """Complete the last name of a list of metrics."""
    return _complete_last("metric", incomplete)


def complete_studies(incomplete: str) -> list[str]:
    """Complete the name of a study."""
    return _complete("study", incomplete)


def complete_any(incomplete: str) -> list[str]:
    """Complete a name of any kind that ``info`` describes."""
    host = load_plugins()
    return sorted({n for kind in KINDS for n in host.shown_names(kind) if n.startswith(incomplete)})


def _complete_last(kind: str, incomplete: str) -> list[str]:
    done, comma, last = incomplete.rpartition(",")
    if "[" in last or done.count("[") > done.count("]"):
        return []
    return [f"{done}{comma}{name}" for name in _complete(kind, last)]


def _complete(kind: str, incomplete: str) -> list[str]:
    return [name for name in load_plugins().shown_names(kind) if name.startswith(incomplete)]
