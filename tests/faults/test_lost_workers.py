"""A run that ends its process is a failed row of its own, and its neighbours are whole."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.faults.test_hangs import begun, call, has_proc
from tests.harness.test_workers import _children_of, _descendants_of
from tests.processes import environment, parts, regene_bench

pytestmark = pytest.mark.slow


def reasons(results: Path) -> dict[str, tuple[str | None, str | None]]:
    """Why runs failed, by what they did; ``None`` twice for those that did not."""
    found = {}
    for path in parts(results):
        row = pq.read_table(path).to_pylist()[0]
        does = row["params"].partition('"does":"')[2].partition('"')[0]
        found[does] = (row["error_type"], row["error_message"])
    return found


@has_proc
def test_each_is_a_row_that_names_the_signal(
    tmp_path: Path, light_protocol: Path, session_cache: Path, misbehaving: Path
) -> None:
    arguments = [*call(light_protocol, "exit", "killed", "crash", "memory", "limit", "well")]
    variables = environment(session_cache, misbehaving)
    done = regene_bench([*arguments, "--workers", "2"], tmp_path, variables)
    assert done.returncode == 3, done.stderr
    found = reasons(tmp_path / "results")
    lost = "LostProcessError"
    assert found["exit"] == (lost, "The process of the run ended with exit code 0.")
    assert found["killed"][0] == found["crash"][0] == lost
    assert "was ended by SIGKILL" in str(found["killed"][1])
    assert "want of memory" in str(found["killed"][1])
    assert "was ended by SIGSEGV" in str(found["crash"][1])
    assert found["memory"][0] == "MemoryError"
    assert "allocate" in str(found["limit"][1])
    assert found["well"] == (None, None)
    assert "Traceback" not in done.stderr


@has_proc
def test_a_worker_that_somebody_kills_is_replaced(
    tmp_path: Path, light_protocol: Path, session_cache: Path, misbehaving: Path
) -> None:
    arguments = [*call(light_protocol, "sleep", "well"), "--workers", "1"]
    process = begun(arguments, tmp_path, environment(session_cache, misbehaving), "sleep")
    below = _descendants_of(process.pid)
    (worker,) = [pid for pid in below if not _children_of(pid) and _is_a_worker(pid, below)]
    os.kill(worker, signal.SIGKILL)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 3, rest
    found = reasons(tmp_path / "results")
    assert "SIGKILL" in str(found["sleep"][1])
    assert found["well"] == (None, None)


def _is_a_worker(pid: int, others: list[int]) -> bool:
    """Workers are children of the fork server, which is a child of the call."""
    parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return parent in others
