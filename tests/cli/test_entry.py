"""Ctrl-C while the command line is still being imported ends it in one word."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ENTRY = "from regene_bench.cli.entry import main; main()"
KEY = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep({seconds})\n"


def _interrupted(folder: Path, before: str, seconds: float) -> subprocess.CompletedProcess[str]:
    """Call a program that is interrupted while it imports typer."""
    (folder / "typer.py").write_text(KEY.format(seconds=seconds) + "raise SystemExit(7)\n")
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", before + ENTRY, "list"],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": path},
    )


def test_the_key_is_answered_in_one_word(tmp_path: Path) -> None:
    done = _interrupted(tmp_path, "", 30)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Interrupted.\n")


@pytest.mark.skipif(os.name == "nt", reason="no signals of POSIX")
def test_a_key_that_is_ignored_stays_so(tmp_path: Path) -> None:
    ignored = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    assert _interrupted(tmp_path, ignored, 0).returncode == 7


def test_it_is_what_the_installed_command_calls() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["scripts"] == {"regene-bench": "regene_bench.cli.entry:main"}
