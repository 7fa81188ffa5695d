"""``regene-bench publish``: results for others to see."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regene_bench.base.errors import ResultsError, UsageError
from regene_bench.base.text import say
from regene_bench.cli.export import Leaderboard, Licence, SelfContained, export_run, usage_of
from regene_bench.cli.options import Data, Device, Results, results_here

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from regene_bench.leaderboard.folding import Conflict
    from regene_bench.leaderboard.merge import Source

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Publish results as web pages, to git or to the Hugging Face Hub.",
)

_RESULTS = typer.Argument(
    help="Folders of results, or Parquet files. Default: results.", show_default=False
)


@app.callback()
def _group() -> None:
    """Keep the commands apart from the group."""


@app.command()
def site(
    out: Annotated[
        Path, typer.Argument(help="Folder to write; one of an earlier site is replaced.")
    ],
    results: Annotated[list[Path] | None, _RESULTS] = None,
    title: Annotated[str, typer.Option(help="Heading of the first page.")] = "Leaderboards",
    safe_cells: Annotated[
        bool,
        typer.Option(
            "--safe-cells/--raw-cells",
            help="Of CSV, have no cell that a spreadsheet takes for a formula.",
        ),
    ] = True,
) -> None:
    """Write a static site that needs no server and no network."""
    from regene_bench.plugins.host import load_plugins
    from regene_bench.publish.site import publish_site

    sources = read_sources(results or [Path("results")])
    if not any(source.table.num_rows for source in sources):
        raise UsageError("There are no runs to publish.", hint="Try `regene-bench run digits`.")
    report = publish_site(sources, out, load_plugins(), title, safe_cells=safe_cells)
    say(f"Wrote {report.pages} pages; open {out / 'index.html'}")
    raise typer.Exit(tell_conflicts(report.content.conflicts))


@app.command()
def git(
    folder: Annotated[Path, typer.Argument(help="Folder of a git repository, new or kept before.")],
    results: Annotated[list[Path] | None, _RESULTS] = None,
    message: Annotated[str, typer.Option(help="The commit's message.")] = "Leaderboard",
) -> None:
    """Write the runs and their tables into a git repository and commit them; nothing is pushed."""
    from regene_bench.leaderboard.merge import merge, read_source
    from regene_bench.leaderboard.places import FOLDER
    from regene_bench.publish.git import publish_git
    from regene_bench.publish.judges import judging_files

    before = [read_source(folder)] if (folder / FOLDER).is_dir() else []
    sources = [*before, *read_sources(results or [Path("results")])]
    merged = merge(sources)
    judges = judging_files(sources, merged.table)
    commit = publish_git(merged, _ranks(merged.table), folder, message, judges)
    say(f"committed {commit}" if commit else "Nothing has changed.")
    raise typer.Exit(tell_conflicts(merged.conflicts))


@app.command()
def hub(
    repository: Annotated[str, typer.Argument(metavar="USER/NAME", help="The data set.")],
    results: Annotated[list[Path] | None, _RESULTS] = None,
    title: Annotated[
        str, typer.Option(help="Heading of the card. Default: the one that it has.")
    ] = "",
    licence: Licence = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go; send nothing.")
    ] = False,
    endpoint: Annotated[
        str, typer.Option(help="Another hub's address.", envvar="HF_ENDPOINT")
    ] = "",
) -> None:
    """Publish tables and rows with a card as a data set on the Hugging Face Hub.

    What people wrote in the card outside the marked block stays.
    """
    from regene_bench.leaderboard.merge import merge
    from regene_bench.publish.hub import check_name, files_of, published_card, upload
    from regene_bench.publish.hub_card import CARD
    from regene_bench.publish.judges import judging_files

    check_name(repository)
    sources = read_sources(results or [Path("results")])
    merged = merge(sources)
    ranks = _ranks(merged.table)
    try:
        there = published_card(repository, endpoint or None)
    except ResultsError as error:
        if not dry_run:
            raise
        say(f"{error.message} What people wrote in it will stay.", file=sys.stderr)
        there = None
    files = files_of(merged.table, ranks, title, licence=licence, there=there)
    files |= judging_files(sources, merged.table)
    if dry_run:
        for name, content in files.items():
            say(f"{len(content):>12,} bytes  datasets/{repository}/{name}")
        say(f"\n{CARD}:\n\n{files[CARD].decode()}")
    else:
        say(upload(repository, files, endpoint or None))
    raise typer.Exit(tell_conflicts(merged.conflicts))


@app.command()
def model(
    run: Annotated[str, typer.Argument(help="A run's id or the beginning of it, or its method.")],
    repository: Annotated[str, typer.Argument(metavar="USER/NAME", help="The model.")],
    results: Results = Path("results"),
    self_contained: SelfContained = False,
    licence: Licence = "",
    leaderboard: Leaderboard = "",
    data: Data = None,
    device: Device = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go; send nothing.")
    ] = False,
    endpoint: Annotated[
        str, typer.Option(help="Another hub's address.", envvar="HF_ENDPOINT")
    ] = "",
) -> None:
    """Publish a run's model with a card on the Hugging Face Hub."""
    import tempfile

    from regene_bench.models.card import CARD
    from regene_bench.publish.hub import check_name, upload

    check_name(repository)
    with tempfile.TemporaryDirectory() as folder:
        exported = export_run(
            run,
            Path(folder) / "model",
            results,
            self_contained,
            licence,
            leaderboard,
            data or (),
            device,
        )
        files = {name: (exported.folder / name).read_bytes() for name in exported.files}
    if dry_run:
        for name, content in files.items():
            say(f"{len(content):>12,} bytes  {repository}/{name}")
        say(f"\n{CARD}:\n\n{files[CARD].decode()}")
        return
    say(upload(repository, files, endpoint or None, kind="model", message="Model of regene-bench"))
    say(usage_of(exported, f"hf://{repository}"))


def _ranks(table: pa.Table) -> dict[str, str]:
    from regene_bench.plan.protocol import installed_protocols, rank_metrics
    from regene_bench.plugins.host import load_plugins

    if not table.num_rows:
        raise UsageError("There are no runs to publish.", hint="Try `regene-bench run digits`.")
    names = table["benchmark"].unique().to_pylist()
    return rank_metrics(installed_protocols(load_plugins(), names))


def read_sources(paths: Sequence[Path]) -> list[Source]:
    """Read leaderboards, and name the files in them that were skipped on stderr."""
    from regene_bench.leaderboard.merge import read_source

    sources = [read_source(results_here(path)) for path in paths]
    for source in sources:
        for part in source.bad:
            say(f"skipped {part.path}: {part.reason}", file=sys.stderr)
    return sources


def tell_conflicts(conflicts: Sequence[Conflict]) -> int:
    """List runs that contradict each other on stderr, and return the exit code."""
    from regene_bench.base.errors import EXIT_OK, EXIT_SOME_FAILED
    from regene_bench.base.text import printable

    if not conflicts:
        return EXIT_OK
    runs = {conflict.run_id for conflict in conflicts}
    say(f"{len(runs)} runs contradict each other and were left out:", file=sys.stderr)
    for one in conflicts:
        of_class = "" if one.class_name is None else f" of {one.class_name}"
        line = (
            f"  {one.run_id} {one.benchmark} {one.method} seed {one.seed}: {one.metric}{of_class} "
            f"is {one.first:.6g} in {one.first_path} and {one.second:.6g} in {one.second_path}"
        )
        say(printable(line), file=sys.stderr)
    say("`regene-bench reproduce RUN` tells which of two values stands.", file=sys.stderr)
    return EXIT_SOME_FAILED
