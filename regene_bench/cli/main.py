"""The entry point ``regene-bench``: commands that are imported when they are called."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn, cast

import typer
from typer.core import TyperGroup

from regene_bench.base.environment import BLOCK_VARIABLE, names_in
from regene_bench.base.errors import EXIT_INTERRUPTED, Interrupted, RegeneBenchError
from regene_bench.base.version import __version__

# name: (module, attribute, line of help); a typer.Typer there makes a group of commands
COMMANDS: dict[str, tuple[str, str, str]] = {
    "run": ("run", "run", "Train, generate and measure; then show the table."),
    "study": ("study", "study", "Run a whole experiment of a paper, and draw its figures."),
    "score": ("score", "score", "Score images that another program made."),
    "stats": ("stats", "stats", "Write mean and covariance of a benchmark's real images."),
    "list": ("list", "app", "List benchmarks, methods, metrics, studies, figures and more."),
    "info": ("info", "info", "Describe a benchmark, method, metric, study or anything else."),
    "leaderboard": ("leaderboard", "leaderboard", "Show ranked tables of the results."),
    "show": ("show", "show", "Show all of one run."),
    "merge": ("merge", "merge", "Put the leaderboards of several people into one."),
    "reproduce": ("reproduce", "reproduce", "Make a run again and compare its scores."),
    "plot": ("plot", "plot", "Draw the charts of the results as PNG, SVG or PDF."),
    "publish": ("publish", "app", "Publish results: web pages, git, the Hugging Face Hub."),
    "doctor": ("doctor", "doctor", "Check device, plugins, data, weights and disk."),
    "weights": ("weights", "app", "List, add, fetch and verify network weights."),
    "new": ("new", "new", "Write a plugin to start from: a whole distribution with tests."),
    "check": ("check", "check", "Check a plugin against its contract, and say how to mend it."),
    "clean": ("clean", "clean", "Remove checkpoints, caches or failed runs."),
}


class _LazyGroup(TyperGroup):
    """A group that imports a command's module when the command is called.

    Help is written from the table above: importing every command would cost the start.
    """

    _plugin_commands: dict[str, Any] | None = None

    def list_commands(self, ctx: Any) -> list[str]:
        return [*COMMANDS, *self._from_plugins()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in COMMANDS:
            return load_command(cmd_name)
        return self._from_plugins().get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        rows = [(name, line) for name, (_, _, line) in COMMANDS.items()]
        rows += [(n, c.get_short_help_str()) for n, c in self._from_plugins().items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _from_plugins(self) -> dict[str, Any]:
        if self._plugin_commands is None:
            self._plugin_commands = _plugin_commands()
        return self._plugin_commands


app = typer.Typer(
    name="regene-bench",
    cls=_LazyGroup,
    no_args_is_help=True,
    # plain help and tracebacks: importing rich for them would cost the start
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(value: bool) -> None:
    if value:
        print(f"regene-bench {__version__}")
        raise typer.Exit


def _block(names: list[str] | None) -> None:
    """Set the variable, which processes that this one starts see as well.

    Eager, since plugins are loaded to look a command up, before the callback below is called.
    """
    if names:
        os.environ[BLOCK_VARIABLE] = ",".join([*names_in(BLOCK_VARIABLE), *names])


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
        ),
    ] = False,
    block_plugin: Annotated[
        list[str] | None,
        typer.Option(
            help="Leave out a plugin, by the name of its distribution or entry point; may be "
            "given again.",
            metavar="NAME",
            callback=_block,
            is_eager=True,
        ),
    ] = None,
) -> None:
    """A benchmark of class-conditional image generators."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Exit codes: 0 all well; 2 bad usage, configuration or data; 3 some runs failed; 4 all failed;
    130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.exit(_exit_code(arguments))


def _exit_code(arguments: Sequence[str] | None) -> int:
    args = None if arguments is None else list(arguments)
    try:
        return int(app(args=args, prog_name="regene-bench", standalone_mode=False) or 0)
    except RegeneBenchError as error:
        _complain(error)
        return error.exit_code
    except Interrupted:
        return EXIT_INTERRUPTED
    except (KeyboardInterrupt, typer.Abort):
        print("Interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except Exception as error:
        if not _is_click_error(error):
            raise
        shown = cast("Any", error)
        shown.show()
        return int(shown.exit_code)


def _is_click_error(error: Exception) -> bool:
    # click's own class: typer carries click inside its package in newer versions, outside in older
    return any(c.__name__ == "ClickException" for c in type(error).__mro__)


def _complain(error: RegeneBenchError) -> None:
    print(f"Error: {error.message}", file=sys.stderr)
    if error.hint:
        print(error.hint, file=sys.stderr)


def load_command(name: str) -> Any:
    """Import a command of ``COMMANDS`` and return it as click sees it."""
    module, attribute, line = COMMANDS[name]
    target = getattr(importlib.import_module(f"regene_bench.cli.{module}"), attribute)
    if not isinstance(target, typer.Typer):
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(name, help=line)(target)
        target = single
    command = typer.main.get_command(target)
    command.name = name
    return command


def _plugin_commands() -> dict[str, Any]:
    from regene_bench.plugins.host import load_plugins

    plugin_app = typer.Typer(add_completion=False, rich_markup_mode=None)
    # a callback makes typer keep a group, however few commands there are
    plugin_app.callback()(lambda: None)
    load_plugins().add_commands(plugin_app)
    commands: dict[str, Any] = getattr(typer.main.get_command(plugin_app), "commands", {})
    return {name: command for name, command in commands.items() if name not in COMMANDS}


if __name__ == "__main__":
    main()
