"""The entry point ``regene-bench``: commands that are imported when they are called."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn, cast

import typer
from typer.core import TyperGroup

from regene_bench.base.environment import BLOCK_VARIABLE, names_in
from regene_bench.base.errors import (
    EXIT_CODES,
    EXIT_FAULT,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USAGE,
    Interrupted,
    PluginError,
    RegeneBenchError,
)
from regene_bench.base.guard import guarded
from regene_bench.base.text import say, text_of, traceback_of, words_of
from regene_bench.base.version import __version__
from regene_bench.cli.plain_values import take_plain_values

# name: (module, attribute, line of help); a typer.Typer there makes a group of commands
COMMANDS: dict[str, tuple[str, str, str]] = {
    "run": ("run", "run", "Train, generate and measure; then show the table."),
    "study": ("study", "study", "Run a whole experiment of a paper, and draw its figures."),
    "score": ("score", "score", "Score images that another program made."),
    "carry-out": ("carry_out", "carry_out", "Carry out a ticket: runs of a call elsewhere."),
    "sample": ("sample", "sample", "Draw more images of a trained model."),
    "export": ("export", "export", "Write a trained model as a folder of its own."),
    "stats": ("stats", "stats", "Write mean and covariance of a benchmark's real images."),
    "list": ("list", "app", "List benchmarks, methods, metrics, studies, figures and more."),
    "info": ("info", "info", "Describe a benchmark, method, metric, study or anything else."),
    "leaderboard": ("leaderboard", "leaderboard", "Show ranked tables of the results."),
    "show": ("show", "show", "Show all of one run."),
    "merge": ("merge", "merge", "Put the leaderboards of several people into one."),
    "compact": ("compact", "compact", "Fold the files of many runs into few."),
    "migrate": ("migrate", "migrate", "Bring files of older versions up to date."),
    "reproduce": ("reproduce", "reproduce", "Make a run again and compare its scores."),
    "parity": ("parity", "parity", "Compute a run's scores again with other libraries."),
    "plot": ("plot", "plot", "Draw the charts of the results as PNG, SVG or PDF."),
    "publish": ("publish", "app", "Publish results: web pages, git, the Hugging Face Hub."),
    "doctor": ("doctor", "doctor", "Check device, plugins, data, weights and disk."),
    "verify": ("verify", "verify", "Check that results and caches are as they were written."),
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

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        take_plain_values(self)

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
        say(f"regene-bench {__version__}")
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
    """Run the command line and exit with one of ``EXIT_CODES``."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    code = _exit_code(arguments)
    sys.exit(code or _flushed())


def _exit_code(arguments: Sequence[str] | None) -> int:
    args = None if arguments is None else list(arguments)
    try:
        return int(app(args=args, prog_name="regene-bench", standalone_mode=False) or 0)
    except RegeneBenchError as error:
        _complain(error)
        known = error.exit_code in EXIT_CODES and error.exit_code != EXIT_OK
        return error.exit_code if known else EXIT_USAGE
    except Interrupted:
        return EXIT_INTERRUPTED
    except (KeyboardInterrupt, typer.Abort):
        say("Interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except SystemExit:  # of a plugin's command, or of a shell's completion
        raise
    except BrokenPipeError:
        return _closed_output()
    except OSError as error:
        return _disk_trouble(error)
    except BaseException as error:
        if _is_of_click(error):
            shown = cast("Any", error)
            shown.show()
            return int(shown.exit_code)
        _complain_of_the_unknown(error)
        return EXIT_FAULT


def _is_of_click(error: BaseException) -> bool:
    # by name: typer carries click inside its package in newer versions, outside in older
    return any(c.__name__ in ("ClickException", "Exit", "Abort") for c in type(error).__mro__)


def _complain(error: RegeneBenchError) -> None:
    # a plugin's own kind of error may lack what ours have
    say(f"Error: {getattr(error, 'message', None) or text_of(error)}", file=sys.stderr)
    if hint := getattr(error, "hint", ""):
        say(hint, file=sys.stderr)


def _complain_of_the_unknown(error: BaseException) -> None:
    """Tell of an error that nothing foresaw; its traceback is kept where it can be asked for."""
    say(f"Error: {words_of(error)}", file=sys.stderr)
    say("That is a fault of regene-bench, or of a plugin that is not held back.", file=sys.stderr)
    import tempfile

    path = Path(tempfile.gettempdir()) / f"regene-bench-{os.getpid()}-traceback.txt"
    try:
        path.write_text(traceback_of(error), encoding="utf-8")
    except OSError:
        say(traceback_of(error), file=sys.stderr)
    else:
        say(f"The traceback, for a report of it: {path}", file=sys.stderr)


def _disk_trouble(error: OSError) -> int:
    """Tell of what the file system refused and nobody told of before."""
    if error.filename is None:
        # files are named where they are written; the output has no name
        return _refused_output(error)
    from regene_bench.base.disk import disk_error

    _complain(disk_error("use", Path(os.fsdecode(error.filename)), error))
    return RegeneBenchError.exit_code


def _flushed() -> int:
    """Write what is left of the output, while what goes wrong can still be said."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _closed_output()
    except OSError as error:
        return _refused_output(error)
    return EXIT_OK


def _refused_output(error: OSError) -> int:
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
        _complain_of_the_unknown(error)
        return EXIT_FAULT
    _forget_output()
    _complain(
        RegeneBenchError(
            f"Cannot write all of the output: {os.strerror(error.errno)}.",
            hint="Free disk space, or send the output elsewhere; what lay on disk is whole.",
        )
    )
    return RegeneBenchError.exit_code


def _closed_output() -> int:
    """Whoever read the output, such as ``head``, has had enough: nothing is said."""
    _forget_output()
    return EXIT_FAULT


def _forget_output() -> None:
    # else the interpreter tries once more to write what is left, and complains
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


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
    return take_plain_values(command)


def _plugin_commands() -> dict[str, Any]:
    from regene_bench.plugins.host import load_plugins

    host, commands = load_plugins(), dict[str, Any]()
    for plugin in list(host.plugins):
        if (own := host.commands_of(plugin)) is not None:
            found: dict[str, Any] = getattr(typer.main.get_command(own), "commands", {})
            whose = f"{plugin.distribution} {plugin.version}".strip()
            for name, command in found.items():
                if name in COMMANDS or name in commands:
                    text = f"The command {name!r} of {whose} is left out: its name is taken."
                    say(text, file=sys.stderr)
                else:
                    commands[name] = _guarded_command(command, whose)
    return commands


def _guarded_command(command: Any, whose: str) -> Any:
    """Let what a plugin's command raises end in a message that names the plugin."""

    def guarded_call(call: Callable[..., Any]) -> Callable[..., Any]:
        def guard(*args: Any, **options: Any) -> Any:
            try:
                with guarded(f"The command {command.name!r} of {whose}"):
                    return call(*args, **options)
            except PluginError as failed:
                # these are how a command ends, or says what is wrong with its arguments
                cause = failed.__cause__
                if isinstance(cause, SystemExit) or (cause is not None and _is_of_click(cause)):
                    raise cause from None
                raise

        return guard

    command.make_context = guarded_call(command.make_context)
    command.invoke = guarded_call(command.invoke)
    return command


if __name__ == "__main__":
    main()
