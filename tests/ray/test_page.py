"""What docs/scale.md says to type for a cluster of Ray."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.engine_commands import commands_with, shortened
from tests.processes import environment, parts, regene_bench

pytestmark = pytest.mark.slow
pytest.importorskip("ray", reason="Ray is not installed: its executor is NOT tested")
pytest.importorskip("regene_bench_ray", reason="regene-bench-ray is not installed: NOT tested")


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A cluster of one node, whose workers are not nicer than other processes."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_worker_niceness", "0")
    node = {"num_cpus": 2, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=node)
    yield made.address
    made.shutdown()


def test_commands_for_a_cluster_do_what_the_page_says(
    address: str, light_protocol: Path, session_cache: Path, tmp_path: Path
) -> None:
    commands = commands_with("--executor", "ray")
    assert commands
    # as on a machine of the cluster
    variables = environment(session_cache, RAY_ADDRESS=address)
    for number, command in enumerate(commands):
        assert "address=auto" in command
        results = tmp_path / str(number)
        done = regene_bench(
            [*shortened(command, light_protocol), "--results", str(results)], tmp_path, variables
        )
        assert done.returncode == 0, done.stderr
        assert len(parts(results)) == 2
