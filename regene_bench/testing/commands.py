"""Contracts of commands: they start at once, have a help text, and hide no command of the core."""

from __future__ import annotations

import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import typer

from regene_bench.base.events import Sink
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.testing.check import require
from regene_bench.testing.entries_by_hook import plugin_of
from regene_bench.testing.registration import LOADING_CHECKS

_MAIN = "from regene_bench.cli.main import main; main()"
_MOST_SECONDS = 120


class CommandSubject:
    """What the checks of commands are called with.

    Args:
        entry: Stands for the plugin.
        folder: An empty folder.
        host: The installed plugins.
        emit: Called with progress.
    """

    def __init__(self, entry: Entry, folder: Path, host: PluginHost, emit: Sink) -> None:
        self.entry = entry
        self._folder = folder
        self._plugin = plugin_of(host, entry)

    @cached_property
    def commands(self) -> dict[str, Any]:
        """What it adds, as click sees it, by name."""
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        # a callback makes typer keep a group, however few commands there are
        app.callback()(lambda: None)
        self._plugin.manager.hook.register_commands(cli=app)
        commands: dict[str, Any] = getattr(typer.main.get_command(app), "commands", {})
        return commands

    def help_of(self, *names: str) -> subprocess.CompletedProcess[str]:
        """Ask a fresh ``regene-bench`` for the help of a command, or its own."""
        return subprocess.run(
            [sys.executable, "-c", _MAIN, *names, "--help"],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_MOST_SECONDS,
        )


def it_adds_commands(subject: CommandSubject) -> None:
    """``register_commands`` adds a command, and every command has a line of help.

    Mend: call ``cli.command("name")(function)``, and give the function a docstring.
    """
    require(bool(subject.commands), "it adds no command")
    for name, command in subject.commands.items():
        require(bool((command.help or "").strip()), f"the command {name!r} has no help")


def its_commands_can_be_called(subject: CommandSubject) -> None:
    """``regene-bench NAME --help`` shows the help of every command that it adds.

    Mend: a name that ``regene-bench`` itself or another plugin has is not taken; take another. If
    the help does not come, the message says what was raised.
    """
    for name, command in subject.commands.items():
        done = subject.help_of(name)
        own = " ".join((command.help or "").split())
        shown = " ".join(done.stdout.split())
        why = done.stderr.strip()[-300:] or "it shows the help of another command of that name"
        require(done.returncode == 0 and own[:40] in shown, f"{name} --help: {why}")


Subject = CommandSubject
CHECKS = (
    *LOADING_CHECKS,
    it_adds_commands,
    its_commands_can_be_called,
)
