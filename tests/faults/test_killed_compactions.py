"""A process that folds parts and is killed at one file event after another changes no answer."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from regene_bench.leaderboard.parts import read_parts, write_part
from regene_bench.leaderboard.places import part_files
from tests.leaderboard.helpers import record, score
from tests.processes import MAIN, environment, run
from tests.warm import Program

pytestmark = pytest.mark.slow
RUNS = 9


def test_killed_at_every_file_event(tmp_path: Path, misbehaving: Path, own_cache: Path) -> None:
    results = tmp_path / "results"
    for number in range(RUNS):
        scores = (score("fid", float(number)), score("kid", number / 3))
        write_part(results, record(f"{number:016x}", seed=number, scores=scores))
    before = read_parts(results)[0].to_pylist()
    code = f"import misbehaving; {MAIN}"
    killed = 0
    for number in range(1, 60):
        variables = environment(own_cache, misbehaving)
        variables["REGENE_BENCH_KILL"] = f"parent:{number}:{results}"
        Path(f"{results}.killed").unlink(missing_ok=True)
        ended = run(Program(["compact", str(results)], code), tmp_path, variables)
        table, bad = read_parts(results)
        assert bad == []
        assert table.to_pylist() == before, number
        if ended.returncode != -signal.SIGKILL:
            break
        killed += 1
    assert ended.returncode == 0, ended.stderr
    assert killed >= 5
    assert len(part_files(results)) == 1
