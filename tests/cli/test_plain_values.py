"""What commands take without typer's conversion is what that makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from regene_bench.cli import main as entry
from regene_bench.cli.plain_values import take_plain_values


def _commands() -> Iterator[Any]:
    yield typer.main.get_command(entry.app)
    for name in entry.COMMANDS:
        command = entry.load_command(name)
        yield from getattr(command, "commands", {}).values() or [command]


@pytest.mark.parametrize("command", list(_commands()), ids=lambda command: str(command.name))
def test_our_parameters_take_what_typer_would(command: Any, tmp_path: Path) -> None:
    texts = ["", "text", "-1", "2", str(tmp_path), str(tmp_path / "not there"), "\udcff"]
    lists = [(), ("a",), ("a", str(tmp_path))]
    context = typer.Context(command)
    for parameter in command.get_params(context):
        if parameter.callback is not None:
            continue  # it would end the process, or block a plugin
        given = lists if parameter.multiple or parameter.nargs == -1 else texts
        values = [None, parameter.default, *given]
        ours = [_outcome(parameter.process_value, context, value) for value in values]
        usual = type(parameter).process_value
        theirs = [_outcome(usual, parameter, context, value) for value in values]
        assert ours == theirs, parameter.name


def _outcome(process: Any, *arguments: Any) -> tuple[object, object]:
    try:
        value = process(*arguments)
    except Exception as error:
        return type(error), str(error)
    return type(value), value


def test_a_callback_hears_of_plain_values() -> None:
    heard: list[object] = []
    app = typer.Typer(add_completion=False)

    @app.command()
    def command(name: str = typer.Option("", callback=lambda value: heard.append(value))) -> None:
        """Do nothing."""

    made = take_plain_values(typer.main.get_command(app))
    made.main(["--name", "it"], standalone_mode=False)
    assert heard == ["it"]


@pytest.mark.parametrize("kept", ["exists", "resolve_path"])
def test_what_typer_is_to_look_at_is_left_to_it(kept: str, tmp_path: Path) -> None:
    taken: list[Path] = []
    app = typer.Typer(add_completion=False)
    option: Any = typer.Option(Path(), **{kept: True})

    @app.command()
    def command(path: Path = option) -> None:
        taken.append(path)

    made = take_plain_values(typer.main.get_command(app))
    if kept == "exists":
        with pytest.raises(Exception, match="does not exist"):
            made.main(["--path", str(tmp_path / "gone")], standalone_mode=False)
    else:
        made.main(["--path", str(tmp_path / "a" / "..")], standalone_mode=False)
        assert taken == [tmp_path.resolve()]
