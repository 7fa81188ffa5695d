"""Prints what Ray costs: a sweep of short runs as its tasks, and by ``--workers``, in turn.

Both have two processes of one thread; a cluster of two nodes on this machine runs before the first
call, as one of a site does. Each call has a results folder of its own and a cache that is filled.

Usage: python benchmarks/speed/ray_tasks.py [--runs 8] [--images 20000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

GOAL = 1.3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    # before the nodes are started, whose workers would give way to all else
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
    os.environ["OMP_NUM_THREADS"] = "1"
    import ray
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    cluster.add_node(num_cpus=1)
    sides = {
        "--workers 2": ["--workers", "2"],
        "--executor ray": [
            *("--executor", "ray", "--executor-option", f"address={cluster.address}"),
        ],
    }
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    with tempfile.TemporaryDirectory() as folder:
        # fills the cache
        call(Path(folder) / "first", ["--workers", "1"], 1, given.images)
        for turn in range(given.rounds):
            for side in sides if turn % 2 == 0 else reversed(sides):
                results = Path(folder) / f"{side.split()[-1]}{turn}"
                seconds[side].append(call(results, sides[side], given.runs, given.images))
    cluster.shutdown()
    print(
        f"{given.runs} runs of cgan on digits, {given.images:,} images each; ray {ray.__version__}"
    )
    base = median(seconds["--workers 2"])
    for side, found in seconds.items():
        ratio = median(found) / base
        told = ", ".join(f"{value:.1f}" for value in found)
        print(f"{side:16} {median(found):7.1f} s   {ratio:.2f}×   ({told})")
    print(f"goal: at most {GOAL}×")


def call(results: Path, how: list[str], runs: int, images: int) -> float:
    """Seconds that a call takes, of a process of its own."""
    command = [
        *(sys.executable, "-c", "from regene_bench.cli.main import main; main()"),
        *("run", "digits", "--methods", "cgan", "--seeds", str(runs), "--metrics", "neutral"),
        *("--set", f"cgan.images={images}", "--results", str(results), "--device", "cpu", *how),
    ]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
