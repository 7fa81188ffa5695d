"""The script that the manual has for sites without the plugin, with stand-ins for its commands."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.skipif(os.name != "posix", reason="a script of bash")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    text = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    (found,) = re.findall(r'```text title="array.sh"\n(.*?)```', text, re.DOTALL)
    path = tmp_path / "array.sh"
    path.write_text(found)
    return path


def begin(script: Path, code: int, seconds: float = 0.0) -> subprocess.Popen[bytes]:
    """Start it as Slurm would, with a ``regene-bench`` that ends with a code after a while."""
    folder = script.parent
    for name, text in {
        "regene-bench": f'echo "$@" > called; sleep {seconds}; exit {code}',
        "scontrol": 'echo "$@" > queued',
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    variables = {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "SLURM_JOB_ID": "12",
        "SLURM_ARRAY_JOB_ID": "12",
        "SLURM_ARRAY_TASK_ID": "3",
    }
    return subprocess.Popen(["bash", str(script)], cwd=folder, env=os.environ | variables)


def test_a_task_whose_time_is_over_is_queued_again(script: Path) -> None:
    assert begin(script, 130).wait(30) == 130
    assert (script.parent / "queued").read_text() == "requeue 12_3\n"
    called = (script.parent / "called").read_text()
    assert called == "run mnist --methods cgan --seeds 3, --time-limit auto\n"


@pytest.mark.parametrize("code", [0, 3, 4, 2, 1])
def test_a_task_that_has_ended_is_not(script: Path, code: int) -> None:
    assert begin(script, code).wait(30) == code
    assert not (script.parent / "queued").exists()


def test_a_task_that_is_cancelled_is_not_but_waits_for_what_is_saved(script: Path) -> None:
    process = begin(script, 130, seconds=1.0)
    until = time.monotonic() + 30
    while not (script.parent / "called").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 130
    assert not (script.parent / "queued").exists()
