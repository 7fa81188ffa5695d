"""The entry point: help, versions, errors, exit codes, and a start that imports nothing heavy."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import typer

from regene_bench.base import errors
from regene_bench.base.version import __version__
from regene_bench.cli import main as entry
from tests.cli.conftest import Cli
from tests.plugins.distributions import BAD_PLUGINS, install

HEAVY = ("torch", "pyarrow", "rich", "numpy", "pandas", "scipy")
CORE = Path(entry.__file__).parents[1]
# the modules of the core that themselves import pydantic
VALIDATING = {
    ".".join(file.relative_to(CORE.parent).with_suffix("").parts)
    for file in CORE.rglob("*.py")
    if "\nfrom pydantic import" in file.read_text(encoding="utf-8")
}


def test_help_names_all_commands(cli: Cli) -> None:
    done = cli("--help")
    assert done.returncode == 0
    for name in entry.COMMANDS:
        assert f"\n  {name} " in done.stdout


def test_version(cli: Cli) -> None:
    assert cli("--version").stdout.strip() == f"regene-bench {__version__}"


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["list", "methods"], ["list", "--help"], ["list", "plugins"], ["run", "--help"]],
)
def test_nothing_heavy_is_imported_to_start(
    arguments: list[str], environment: dict[str, str]
) -> None:
    code = (
        "import sys\nfrom regene_bench.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as end:\n    assert not end.code\n"
        "print('modules', *sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    modules = set(done.stderr.split())
    assert "regene_bench.cli.main" in modules
    assert modules.isdisjoint(HEAVY)
    # nothing of ours may ask for pydantic, and newer versions of typer only where a value needs it
    assert "regene_bench.training.method" in VALIDATING
    assert modules.isdisjoint({*VALIDATING, "pydantic"})


@pytest.mark.parametrize("arguments", [["lst"], ["list", "method"], ["--nonsense"], ["info"]])
def test_bad_usage_ends_with_2(cli: Cli, arguments: list[str]) -> None:
    done = cli(*arguments)
    assert done.returncode == errors.EXIT_USAGE
    assert "Error" in done.stderr
    assert "Traceback" not in done.stderr


class _OfAPlugin(errors.MethodError):
    """One that does not call its base, and would end a failed call like one that went well."""

    exit_code = 0

    def __init__(self) -> None:
        pass


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (_OfAPlugin(), 2),
        (KeyError("size"), 1),
        (asyncio.CancelledError(), 1),
        (errors.DataError("gone", hint="look here"), 2),
        (errors.Interrupted("SIGTERM"), 130),
        (KeyboardInterrupt(), 130),
        (typer.Exit(3), 3),
    ],
)
def test_errors_become_exit_codes(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def fail() -> None:
        raise error

    app = typer.Typer()
    app.command()(fail)
    monkeypatch.setattr(entry, "app", app)
    with pytest.raises(SystemExit) as end:
        entry.main([])
    assert end.value.code == code
    assert code in errors.EXIT_CODES
    told = capsys.readouterr().err
    assert "Traceback" not in told
    if isinstance(error, errors.DataError):
        assert told == "Error: gone\nlook here\n"
    if code == errors.EXIT_FAULT:
        assert told.startswith("Error: KeyError: 'size'\n") or "CancelledError" in told
        (kept,) = tmp_path.glob("*traceback.txt")
        assert kept.read_text().startswith("Traceback")
        assert str(kept) in told


def test_commands_of_plugins(cli: Cli, plugins: Path) -> None:
    install(
        plugins,
        "fake-command",
        "from regene_bench.hookspecs import hookimpl\n@hookimpl\ndef register_commands(cli):\n"
        "    @cli.command('greet')\n    def greet(name: str):\n"
        "        'Say hello.'\n        print('hello', name)\n"
        "    cli.command('list')(lambda: print('stolen'))\n",
    )
    install(plugins, "fake-bad", BAD_PLUGINS["import"][0])
    assert "Say hello." in cli("--help").stdout
    greeted = cli("greet", "you")
    assert greeted.stdout == "hello you\n"
    assert "The command 'list' of fake-command 1.2 is left out" in greeted.stderr
    assert "stolen" not in cli("list", "methods").stdout


def test_how_a_command_of_a_plugin_ends(cli: Cli, plugins: Path) -> None:
    install(
        plugins,
        "fake-command",
        "import sys, typer\nfrom regene_bench.hookspecs import hookimpl\n@hookimpl\n"
        "def register_commands(cli):\n    @cli.command()\n    def end(how: str):\n"
        "        if how == 'exit':\n            sys.exit(7)\n"
        "        if how == 'leave':\n            raise typer.Exit(5)\n"
        "        raise KeyError(how)\n",
    )
    assert cli("end", "exit").returncode == 7
    assert cli("end", "leave").returncode == 5
    assert cli("end").returncode == errors.EXIT_USAGE  # an argument is missing
    failed = cli("end", "badly")
    assert failed.returncode == errors.EXIT_USAGE
    assert failed.stderr.startswith(
        "Error: The command 'end' of fake-command 1.2 failed: KeyError: 'badly'\n"
    )


def test_a_strict_start_fails_on_a_broken_plugin(cli: Cli, plugins: Path) -> None:
    install(plugins, "fake-bad", BAD_PLUGINS["import"][0])
    done = cli("list", "methods", REGENE_BENCH_STRICT_PLUGINS="1")
    assert done.returncode == errors.EXIT_USAGE
    assert "fake-bad 1.2 is broken" in done.stderr
