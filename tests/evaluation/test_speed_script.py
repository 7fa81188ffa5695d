"""The script that times metrics runs, and both sides of each comparison find the same."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.processes import run_script

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "speed" / "metrics.py"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def script() -> Any:
    """The script as a module."""
    for name in ("pytorch_fid", "torch_fidelity", "prdc"):
        pytest.importorskip(name, reason=f"{name} is not installed: its side cannot be timed")
    spec = importlib.util.spec_from_file_location("speed_of_metrics", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look their own module up
    spec.loader.exec_module(module)
    return module


def assert_all_agree(found: Sequence[Sequence[float]], sides: int) -> None:
    assert len(found) == sides
    for values in found[1:]:
        assert values == pytest.approx(found[0], rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(("case", "sides"), [("frechet", 3), ("kid", 2), ("prdc", 2), ("all", 2)])
def test_all_sides_of_a_case_agree(script: Any, case: str, sides: int) -> None:
    assert_all_agree(
        [
            script.measure(case, side, script.QUICK[case], "cpu").values
            for side in script.SIDES[case]
            if side not in script.FLOORS
        ],
        sides,
    )


@pytest.mark.usefixtures("script")
def test_it_prints_what_each_side_found_in_a_process_of_its_own(tmp_path: Path) -> None:
    done = run_script(SCRIPT, ["--quick", "--threads", "1", "--case", "prdc"], tmp_path)
    assert done.returncode == 0, done.stderr
    printed = done.stdout
    found = [
        [float(value) for value in line.split("  ")[-1].split()]
        for line in printed.splitlines()
        if line.startswith(("regene-bench", "pytorch-fid", "torch-fidelity", "prdc"))
    ]
    assert_all_agree(found, 2)
