"""``regene-bench new``: a plugin to start from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from regene_bench.base.errors import UsageError
from regene_bench.base.text import say
from regene_bench.plugins.host import load_plugins
from regene_bench.scaffold import KINDS, PluginName, write_plugin
from regene_bench.testing.entries_by_hook import entries_of
from regene_bench.testing.runner import entry_kind

_TRY = {
    "method": "regene-bench run digits --methods {name},real",
    "metric": "regene-bench run digits --methods real,cvae --metrics {name}",
    "extractor": "regene-bench run digits --methods real,cvae --metrics 'fd[extractor={name}]'",
    "dataset": "regene-bench run {name} --methods real,cvae",
    "benchmark": "regene-bench run {name}",
    "figure": "regene-bench study {name} --preset quick",
    "study": "regene-bench study {name} --preset quick",
    "reported": "regene-bench info {name}",
    "executor": "regene-bench run digits --methods real,cvae --seeds 2 --executor {name}",
    "observer": "regene-bench run digits --methods real",
    "command": "regene-bench {command}",
}


def new(
    kind: Annotated[str, typer.Argument(help=f"What it shall be: {', '.join(KINDS)}.")],
    name: Annotated[str, typer.Argument(help="Its name, such as my_method.")],
    into: Annotated[Path, typer.Option(help="Where its folder is made.")] = Path(),
) -> None:
    """Write a plugin to start from: a whole distribution with tests.

    It installs, passes its own tests and runs as it is; put your own idea in the place of the
    small one that it comes with.
    """
    plugin = PluginName.parse(name)
    if kind in KINDS:
        _refuse_taken(kind, plugin)
    folder = write_plugin(kind, plugin, into)
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    say(f"Wrote {folder}:")
    say("\n".join(f"  {path}" for path in files))
    say("\nNext:")
    say(f"  pip install -e {shlex.quote(str(folder))}")
    say(f"  regene-bench check {plugin.name}")
    say(f"  {_TRY[kind].format(name=plugin.name, command=plugin.command)}")


def _refuse_taken(kind: str, plugin: PluginName) -> None:
    for entry in entries_of(load_plugins(), entry_kind(kind)):
        if entry.name.replace("-", "_") == plugin.name:
            raise UsageError(
                f"{entry.distribution} has {kind} {entry.name!r} already.",
                hint="Take another name; two of one name have to be told apart at every use.",
            )
