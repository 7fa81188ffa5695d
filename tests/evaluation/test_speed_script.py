"""The script that times metrics runs, and both sides of each comparison find the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "speed" / "metrics.py"


@pytest.mark.slow
@pytest.mark.parametrize(("case", "sides"), [("frechet", 3), ("kid", 2), ("prdc", 2), ("all", 2)])
def test_all_sides_of_a_case_agree(case: str, sides: int) -> None:
    for name in ("pytorch_fid", "torch_fidelity", "prdc"):
        pytest.importorskip(name, reason=f"{name} is not installed: its side cannot be timed")
    command = [sys.executable, str(SCRIPT), "--quick", "--threads", "1", "--case", case]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = [
        [float(value) for value in line.split("  ")[-1].split()]
        for line in printed.splitlines()
        if line.startswith(("regene-bench", "pytorch-fid", "torch-fidelity", "prdc"))
    ]
    assert len(found) == sides
    for values in found[1:]:
        assert values == pytest.approx(found[0], rel=1e-5, abs=1e-6)
