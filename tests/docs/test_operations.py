"""The table of operations a training step, in the manual, is what the script prints today."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.first_party import entries

ROOT = Path(__file__).parents[2]
_SCRIPT = ROOT / "benchmarks" / "speed" / "operations.py"


def rows_of_the_manual() -> list[str]:
    """The table's lines, without its head."""
    _, _, text = (ROOT / "docs/speed.md").read_text(encoding="utf-8").partition("| method | stage")
    table, _, _ = text.partition("\n\n")
    return table.splitlines()[2:]


def test_it_has_all_methods_that_train() -> None:
    named = {row.split("`")[1] for row in rows_of_the_manual()}
    # what `pipeline` draws from was trained elsewhere
    assert named == {entry.name for entry in entries("method")} - {"real", "pipeline"}


def rows_of_today(*methods: str) -> list[str]:
    """What the script counts of some methods, or of all."""
    done = subprocess.run(
        [sys.executable, str(_SCRIPT), *methods],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[2:]


def test_the_numbers_are_those_of_today() -> None:
    """Of two methods, one of them with several stages: counting all takes too long."""
    some = ("cgan", "ccvae")
    counted = rows_of_today(*some)
    assert len(counted) == 3
    assert counted == [row for row in rows_of_the_manual() if row.split("`")[1] in some]


@pytest.mark.slow
def test_no_methods_step_has_grown() -> None:
    assert rows_of_today() == rows_of_the_manual()
