"""The script that times ReGene runs, and both sides of its comparison try the same candidates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.processes import run_script

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "speed" / "regene.py"


@pytest.mark.slow
def test_batches_and_the_loop_need_the_same_trials(tmp_path: Path) -> None:
    size = ["--size", "8", "--channels", "1", "--preset", "quick", "--device", "cpu"]
    amount = ["--images", "60", "--loop", "20", "--steps", "1"]
    done = run_script(SCRIPT, [*size, *amount], tmp_path)
    assert done.returncode == 0, done.stderr
    printed = done.stdout
    found = re.search(r"equal trial counts: (\d+) of 20", printed)
    assert found is not None, printed
    # one confidence may lie within rounding of its threshold
    assert int(found[1]) >= 19
    for words in ("in batches", "one by one", "classifier ", "decoder "):
        assert words in printed
