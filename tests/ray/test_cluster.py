"""A sweep on a Ray cluster of two nodes loses a worker and a node, and no run of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import environment, parts, regene_bench, scores, start

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc"),
]
pytest.importorskip("ray", reason="Ray is not installed: its executor is NOT tested")
pytest.importorskip("regene_bench_ray", reason="regene-bench-ray is not installed: NOT tested")

# a thousand steps a run: whoever asks each half second whether to stop finds it at work
METHODS = "real,autoencoder[images=1600|2400,batch_size=2,encoder_width=8,decoder_width=8]"
SEEDS, RUNS = 2, 6


@pytest.fixture
def cluster(session_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two nodes of one core on this machine, whose workers are not nicer than other processes."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_worker_niceness", "0")
    node = {"num_cpus": 1, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=node)
    made.add_node(num_cpus=1)
    yield made
    made.shutdown()


def call(protocol: Path, results: str, *more: str) -> list[str]:
    return [
        *("run", str(protocol), "--methods", METHODS, "--seeds", str(SEEDS)),
        *("--results", results, "--device", "cpu", "--checkpoint-every", "0.5s", *more),
    ]


def on(cluster: Any) -> tuple[str, ...]:
    return ("--executor", "ray", "--executor-option", f"address={cluster.address}")


def test_a_lost_worker_and_a_lost_node_cost_no_run(
    cluster: Any, light_protocol: Path, session_cache: Path, tmp_path: Path
) -> None:
    variables = environment(session_cache)
    alone = regene_bench(call(light_protocol, "alone"), tmp_path, variables)
    assert alone.returncode == 0, alone.stderr

    process = start(call(light_protocol, "spread", *on(cluster)), tmp_path, variables)
    told = _until_training(process, [])
    os.kill(_task_of(cluster), signal.SIGKILL)
    told = _until_training(process, told)
    (second,) = cluster.worker_nodes
    cluster.remove_node(second, allow_graceful=False)
    _, rest = process.communicate(timeout=240)
    assert process.returncode == 0, rest
    text = "".join(told) + rest
    # whoever tried a run again went on from its checkpoint
    assert "autoencoder goes on at" in text
    assert len(parts(tmp_path / "spread")) == RUNS
    assert scores(tmp_path / "spread") == scores(tmp_path / "alone")
    finished = [json.loads(line) for line in text.splitlines() if '"RunFinished"' in line]
    assert {event["status"] for event in finished} == {"ok"}


def test_a_stop_saves_on_all_nodes_and_the_same_call_goes_on(
    cluster: Any, light_protocol: Path, session_cache: Path, tmp_path: Path
) -> None:
    variables = environment(session_cache)
    spread = call(light_protocol, "spread", *on(cluster))
    process = start(spread, tmp_path, variables)
    _until_training(process, [])
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=120)
    assert process.returncode == 130, rest
    assert "To go on:" in rest
    ended = regene_bench(spread, tmp_path, variables)
    assert ended.returncode == 0, ended.stderr
    assert "autoencoder goes on at" in ended.stderr
    assert len(parts(tmp_path / "spread")) == RUNS


def _until_training(process: subprocess.Popen[str], told: list[str]) -> list[str]:
    """Read what is told until a training is under way, and give all that was told."""
    assert process.stderr is not None
    before = len(told)
    for line in process.stderr:
        told.append(line)
        if '"Progress"' in line and ": autoencoder" in line and len(told) > before + 3:
            return told
    raise AssertionError("".join(told))


def _task_of(cluster: Any) -> int:
    """A process that carries out a task on this cluster now."""
    nodes = [node.all_processes["raylet"][0].process.pid for node in cluster.list_all_nodes()]
    for _ in range(100):
        for folder in Path("/proc").iterdir():
            if not folder.name.isdecimal():
                continue
            try:
                command = (folder / "cmdline").read_bytes()
                # the parent is behind the name, which may hold anything but a bracket
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if command.startswith(b"ray::carry_out") and parent in nodes:
                return int(folder.name)
        time.sleep(0.1)
    raise AssertionError("no task is carried out")
