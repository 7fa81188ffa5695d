"""The pytest plugin: one case a check for whoever asks, nothing for anybody else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.processes import run
from tests.warm import Program

ASKS = """
import pytest

@pytest.mark.conformance("digits", kind="dataset")
def test_digits(conformance_check):
    conformance_check()
"""
FAILS = """
import pytest
from regene_bench.testing import datasets
from regene_bench.testing.check import Broken

def breaks(subject):
    '''Nothing is broken.

    Mend: glue it.
    '''
    raise Broken("two shards")


datasets.CHECKS = (breaks,)

@pytest.mark.conformance("digits", kind="dataset")
def test_digits(conformance_check):
    conformance_check()
"""
FORGETS = """
def test_nothing(conformance_check):
    conformance_check()
"""
INERT = """
import sys

def test_nothing_of_ours_is_imported():
    assert "regene_bench.testing.methods" not in sys.modules
    assert not {"torch", "pyarrow", "pydantic"} & set(sys.modules)
"""


ARGUMENTS = ("-v", "--strict-markers", "-p", "no:cacheprovider", ".")


def pytest_of(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run pytest on a file of tests, in a process that begins with the libraries imported."""
    (folder / "test_it.py").write_text(text)
    code = "import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))"
    variables = os.environ | {"COLUMNS": "120"}
    return run(Program(ARGUMENTS, code), folder, variables)


def fresh_pytest_of(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The same in a fresh interpreter, for what must not be imported."""
    (folder / "test_it.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "pytest", *ARGUMENTS],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_each_check_is_a_case(tmp_path: Path) -> None:
    done = pytest_of(ASKS, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_digits[digits-splits-share-no-image] PASSED" in done.stdout
    assert "test_digits[digits-the-files-exist] SKIPPED" in done.stdout


def test_a_failure_shows_the_contract_and_the_remedy(tmp_path: Path) -> None:
    done = pytest_of(FAILS, tmp_path)
    assert done.returncode == 1
    assert "two shards" in done.stdout
    assert "contract  Nothing is broken." in done.stdout
    assert "mend      glue it." in done.stdout
    assert "Traceback" not in done.stdout


def test_a_forgotten_mark_is_an_error_that_shows_the_mark(tmp_path: Path) -> None:
    done = pytest_of(FORGETS, tmp_path)
    assert done.returncode != 0
    assert "pytest.mark.conformance" in done.stdout + done.stderr


def test_it_is_inert_where_it_is_not_used(tmp_path: Path) -> None:
    done = fresh_pytest_of(INERT, tmp_path)
    assert done.returncode == 0, done.stdout
