"""``regene-bench weights``: list, add, fetch and verify network weights."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regene_bench.base.errors import UnavailableError, UsageError, did_you_mean
from regene_bench.base.text import aligned, say

if TYPE_CHECKING:
    from regene_bench.plan.weights import KnownWeights, ReportBytes

app = typer.Typer(
    help="List, add, fetch and verify network weights.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
_MEGABYTE = 1e6


@app.command("list")
def list_() -> None:
    """List the files that extractors need, and whether they are here."""
    from regene_bench.plan.weights import weights_path, weights_state

    rows = [
        (
            known.file.name,
            weights_state(known.file),
            f"{known.file.size / _MEGABYTE:.0f} MB",
            ", ".join(known.extractors),
            str(weights_path(known.file)),
        )
        for known in _known()
    ]
    header = ("name", "state", "size", "extractors", "file")
    say(aligned(rows, header) if rows else "No extractor needs a file.")


@app.command()
def add(file: Annotated[Path, typer.Argument(help="The file, under any name.")]) -> None:
    """Take in a file that was downloaded by other means; its hash tells which it is."""
    from regene_bench.plan.weights import add_weights

    weights, path = add_weights(file, [known.file for known in _known()])
    say(f"{weights.name}: verified and copied to {path}")


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A name from `weights list`.")],
    offline: Annotated[bool, typer.Option("--offline", help="Never use the network.")] = False,
) -> None:
    """Download a file from its publisher and verify it."""
    from regene_bench.plan.weights import fetch_weights

    known = _known()
    match = next((k.file for k in known if k.file.name == name), None)
    if match is None:
        hint = did_you_mean(name, [k.file.name for k in known])
        raise UsageError(f"There are no weights {name!r}.", hint=hint)
    path = fetch_weights(match, offline=offline, progress=_progress(name))
    say(f"{name}: verified, in {path}")


@app.command()
def verify() -> None:
    """Hash every file that is here; exit with 2 if one is not what was published."""
    from regene_bench.plan.weights import weights_path, weights_state

    states = {k.file.name: (weights_state(k.file), weights_path(k.file)) for k in _known()}
    if states:
        say(aligned([(name, state, str(path)) for name, (state, path) in states.items()]))
    corrupt = [str(path) for state, path in states.values() if state == "corrupt"]
    if corrupt:
        raise UnavailableError(
            f"Not the published file: {', '.join(corrupt)}.",
            hint="Remove it and run `regene-bench weights fetch NAME`.",
        )


def _known() -> list[KnownWeights]:
    from regene_bench.plan.weights import known_weights
    from regene_bench.plugins.host import load_plugins

    return known_weights(load_plugins())


def _progress(name: str) -> ReportBytes | None:
    if not sys.stderr.isatty():
        return None

    def report(done: int, total: int) -> None:
        whole = f" of {total / _MEGABYTE:.0f}" if total else ""
        end = "\n" if total and done >= total else "\r"
        say(f"{name}: {done / _MEGABYTE:.0f}{whole} MB", end=end, file=sys.stderr, flush=True)

    return report
