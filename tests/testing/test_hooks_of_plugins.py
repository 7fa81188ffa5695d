"""Observers and commands: each fault is found by the check that is for it."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

import pytest

from regene_bench.base.errors import UsageError
from regene_bench.plugins.host import load_plugins
from regene_bench.testing import checks_for, open_subject, run_check
from tests.plugins.distributions import install

_HEAD = "from regene_bench.hookspecs import hookimpl\n\n"
OBSERVER = (
    _HEAD
    + """
@hookimpl
def run_finished(run, status):
    FINISHED

@hookimpl
def campaign_finished(results):
    ENDED
"""
)
COMMAND = (
    _HEAD
    + '''
import typer
HEAD

@hookimpl
def register_commands(cli: typer.Typer) -> None:
    @cli.command("NAME")
    def hello():
        """HELP"""
'''
)
_numbers = itertools.count()


def failed(kind: str, source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    name = f"fake-hooks-{next(_numbers)}"
    install(folder, name, source)
    monkeypatch.syspath_prepend(str(folder))
    # fresh processes of the checks find it, too
    monkeypatch.setenv("PYTHONPATH", ":".join(path for path in sys.path if path))
    with open_subject(kind, f"{name}:plugin", host=load_plugins()) as subject:
        results: list[Any] = [run_check(check, subject) for check in checks_for(kind)]
    return {result.check.name for result in results if result.status != "passed"}


@pytest.mark.parametrize(
    ("finished", "ended", "found_by"),
    [
        ("pass", "pass", set()),
        ("print(status)", "pass", {"standard-output-is-left-alone"}),
        ("run['seed'] = 3", "pass", {"it-changes-nothing"}),
        ("pass", "import os; os.mkdir(results + '/mine')", {"it-bears-what-it-is-told"}),
    ],
)
def test_observers(
    finished: str,
    ended: str,
    found_by: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = OBSERVER.replace("FINISHED", finished).replace("ENDED", ended)
    assert failed("observer", source, tmp_path, monkeypatch) >= found_by
    if not found_by:
        assert failed("observer", source, tmp_path, monkeypatch) == set()


@pytest.mark.parametrize(
    ("head", "name", "help_", "found_by"),
    [
        ("", "hello", "Say hello.", set()),
        ("", "run", "Say hello.", {"its-commands-can-be-called"}),
        ("", "hello", "", {"it-adds-commands"}),
        (
            "import pydantic",
            "hello",
            "Say hello.",
            # the second is skipped: heavy imports take the time
            {"registration-imports-nothing-heavy", "registration-takes-no-time"},
        ),
        ("print('hello')", "hello", "Say hello.", {"registration-prints-nothing"}),
    ],
)
def test_commands(
    head: str,
    name: str,
    help_: str,
    found_by: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = COMMAND.replace("HEAD", head).replace("NAME", name).replace("HELP", help_)
    assert failed("command", source, tmp_path, monkeypatch) == found_by


def test_a_plugin_that_is_of_another_kind_is_not_found() -> None:
    with pytest.raises(UsageError, match="no observer in a plugin named 'first-party'"):
        with open_subject("observer", "first-party", host=load_plugins()):
            pass
