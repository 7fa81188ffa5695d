"""Processes that tests start have their libraries imported, whatever ran before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.processes import run
from tests.warm import Program, can_be_warm

ASKS = "import sys; print('torch' in sys.modules, 'regene_bench' in sys.modules)"


def test_a_process_begins_with_the_libraries_and_nothing_of_ours(tmp_path: Path) -> None:
    assert can_be_warm(os.environ)
    assert run(Program(code=ASKS), tmp_path, os.environ).stdout.split() == ["True", "False"]


def test_what_a_library_reads_when_it_is_imported_makes_a_process_a_fresh_one(
    tmp_path: Path,
) -> None:
    other = os.environ | {"OMP_NUM_THREADS": "3"}
    assert not can_be_warm(other)
    assert run(Program(code=ASKS), tmp_path, other).stdout.split() == ["False", "False"]


@pytest.mark.parametrize("name", ["CUBLAS_WORKSPACE_CONFIG", "REGENE_BENCH_CACHE", "COLUMNS"])
def test_what_our_runs_and_tests_set_does_not(name: str) -> None:
    assert can_be_warm(os.environ | {name: "another"})
