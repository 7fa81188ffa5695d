"""``regene-bench export``: a trained model as a folder of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regene_bench.base.text import say
from regene_bench.cli.options import Data, Device, Results

if TYPE_CHECKING:
    from regene_bench.models.export import Exported

SelfContained = Annotated[
    bool,
    typer.Option(
        "--self-contained",
        help="Keep what the method draws from (ReGene: latents of training images) with the "
        "weights, so that the model needs no data.",
    ),
]
Licence = Annotated[
    str,
    typer.Option("--license", help="As the Hub spells it (mit). Default: none said."),
]

Leaderboard = Annotated[
    str,
    typer.Option(
        "--leaderboard",
        metavar="USER/NAME",
        help="A data set on the Hub whose leaderboard the scores are written for, too.",
    ),
]


def export(
    run: Annotated[str, typer.Argument(help="A run's id or the beginning of it, or its method.")],
    folder: Annotated[Path, typer.Argument(help="Folder to write; it must not be there.")],
    results: Results = Path("results"),
    self_contained: SelfContained = False,
    licence: Licence = "",
    leaderboard: Leaderboard = "",
    data: Data = None,
    device: Device = "auto",
) -> None:
    """Write a run's model: weights (safetensors), configuration, scores, pictures, a card."""
    exported = export_run(
        run, folder, results, self_contained, licence, leaderboard, data or (), device
    )
    for name, size in exported.files.items():
        say(f"{size:>12,} bytes  {exported.folder / name}")
    say(usage_of(exported, str(exported.folder)))


def usage_of(exported: Exported, place: str) -> str:
    """Say how an exported model is used, and how to come to one that can be."""
    from regene_bench.models.load import MAKE_A_PLUGIN

    if exported.is_of_a_file:
        return (
            "The weights can be read; `regene_bench.load` refuses the model, because its method is "
            f"in a file, and files are not executed to load a model. {MAKE_A_PLUGIN}"
        )
    return f'To use it:\n  regene_bench.load("{place}")'


def export_run(
    run: str,
    folder: Path,
    results: Path,
    self_contained: bool,
    licence: str,
    leaderboard: str,
    data: list[Path] | tuple[()],
    device: str,
) -> Exported:
    """Export a run's model, which is loaded first where its sampling state is wanted.

    The arguments are those of ``export``.
    """
    from regene_bench.models.export import export as write
    from regene_bench.models.load import load
    from regene_bench.publish.hub import check_name

    if leaderboard:
        check_name(leaderboard)
    model = load(run, results=results, data=data, device=device) if self_contained else None
    return write(run, folder, results, model=model, licence=licence, leaderboard=leaderboard)
