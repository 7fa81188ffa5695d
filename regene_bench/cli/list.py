"""``regene-bench list``: what is installed, without importing any of it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regene_bench.base.text import aligned, json_text, printable, say
from regene_bench.hookspecs import COMMAND_HOOK, OBSERVER_HOOKS
from regene_bench.plugins.host import load_plugins

if TYPE_CHECKING:
    from regene_bench.plugins.host import BlockedPlugin, Plugin, PluginHost

app = typer.Typer(
    help="List what is installed.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
_OTHER_HOOKS = (*OBSERVER_HOOKS, COMMAND_HOOK)
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON.")]


@app.command()
def benchmarks(as_json: AsJson = False) -> None:
    """List benchmarks."""
    _list_kind("benchmark", as_json)


@app.command()
def methods(as_json: AsJson = False) -> None:
    """List methods."""
    _list_kind("method", as_json)


@app.command()
def metrics(as_json: AsJson = False) -> None:
    """List metrics."""
    _list_kind("metric", as_json)


@app.command()
def extractors(as_json: AsJson = False) -> None:
    """List feature extractors."""
    _list_kind("feature_extractor", as_json)


@app.command()
def datasets(as_json: AsJson = False) -> None:
    """List sources of data."""
    _list_kind("dataset", as_json)


@app.command()
def studies(as_json: AsJson = False) -> None:
    """List studies."""
    _list_kind("study", as_json)


@app.command()
def figures(as_json: AsJson = False) -> None:
    """List what studies draw."""
    _list_kind("figure", as_json)


@app.command()
def executors(as_json: AsJson = False) -> None:
    """List ways to carry out runs, besides serial, stacked and workers."""
    _list_kind("executor", as_json)


@app.command()
def loggers(as_json: AsJson = False) -> None:
    """List programs that runs can be watched with, by `run --log`."""
    _list_kind("logger", as_json)


@app.command()
def reported(as_json: AsJson = False) -> None:
    """List files of numbers that papers report."""
    _list_kind("reported", as_json)


@app.command()
def plugins(as_json: AsJson = False) -> None:
    """List plugins with what each registers, broken ones with the reason."""
    host = load_plugins()
    rows = [(p.name, p.distribution, p.version, "; ".join(p.unheard) or "ok") for p in host.plugins]
    rows += [(b.name, b.distribution, b.version, f"broken: {b.error}") for b in host.broken]
    rows += [(b.name, b.distribution, b.version, _blocked(b)) for b in host.blocked]
    header = ("name", "distribution", "version", "state")
    if as_json:
        values: list[dict[str, Any]] = [dict(zip(header, row, strict=True)) for row in rows]
        for value, plugin in zip(values, host.plugins, strict=False):
            value |= {"registers": plugin.registered(), "hooks": plugin.implements(*_OTHER_HOOKS)}
        say(json.dumps(values, indent=2))
        return
    say(aligned(rows, header) if rows else "No plugin is installed.")
    for plugin in host.plugins:
        say(f"\n{printable(plugin.name)} of {printable(plugin.distribution)} registers:")
        say(aligned(_registered(plugin), indent="  ") or "  nothing")


def _registered(plugin: Plugin) -> list[tuple[str, str, str]]:
    rows = [
        (kind.replace("_", " "), str(len(names)), ", ".join(names))
        for kind, names in plugin.registered().items()
    ]
    observed = plugin.implements(*OBSERVER_HOOKS)
    rows += [("observer", str(len(observed)), ", ".join(observed))] if observed else []
    commands = plugin.implements(COMMAND_HOOK)
    return rows + ([("commands", "", "shown by `regene-bench --help`")] if commands else [])


def _blocked(plugin: BlockedPlugin) -> str:
    return "blocked" if plugin.distribution else "blocked, but not installed"


def _list_kind(kind: str, as_json: bool) -> None:
    host = load_plugins()
    entries = list(zip(host.shown_names(kind), host.entries(kind), strict=True))
    if as_json:
        values = [
            {
                "name": name,
                "summary": entry.summary,
                "distribution": entry.distribution,
                "version": entry.version,
                "target": entry.target,
            }
            for name, entry in entries
        ]
        say(json_text(values))
    elif entries:
        foreign = not all(entry.is_our_own for _, entry in entries)
        rows = [
            (name, *((entry.distribution,) if foreign else ()), entry.summary)
            for name, entry in entries
        ]
        say(aligned(rows))
    else:
        say(f"No {kind.replace('_', ' ')} is registered.")
    warn_of_broken(host)


def warn_of_broken(host: PluginHost) -> None:
    """Say on stderr that something is missing from what was just shown."""
    for told in filter(None, (host.left_out(), *host.unheard())):
        say(told, file=sys.stderr)
