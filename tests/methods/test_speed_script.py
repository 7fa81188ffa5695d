"""The script that times ReGene runs, and both sides of its comparison try the same candidates."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "speed" / "regene.py"


@pytest.mark.slow
def test_batches_and_the_loop_need_the_same_trials() -> None:
    size = ["--size", "8", "--channels", "1", "--preset", "quick", "--device", "cpu"]
    amount = ["--images", "60", "--loop", "20", "--steps", "1"]
    command = [sys.executable, str(SCRIPT), *size, *amount]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"equal trial counts: (\d+) of 20", printed)
    assert found is not None, printed
    # one confidence may lie within rounding of its threshold
    assert int(found[1]) >= 19
    for words in ("in batches", "one by one", "classifier ", "decoder "):
        assert words in printed
