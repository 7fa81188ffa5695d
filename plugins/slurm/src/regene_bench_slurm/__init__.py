"""Registers the executor ``slurm`` and the command ``attach``.

Nothing heavy is imported here: it loads on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regene_bench.hookspecs import Register, hookimpl

if TYPE_CHECKING:
    import typer


@hookimpl
def register_executors(register: Register) -> None:
    """Register it."""
    register(
        "slurm",
        "regene_bench_slurm.executor:SlurmExecutor",
        summary="runs as a job array of Slurm, which goes on while nobody watches",
    )


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Register ``regene-bench attach``."""
    from regene_bench_slurm.attach import attach

    cli.command("attach")(attach)
