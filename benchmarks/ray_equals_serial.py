"""Runs a benchmark on a cluster of Ray of two nodes on this machine, and holds it against serial.

Usage: python benchmarks/ray_equals_serial.py mnist --methods real,cgan --seeds 2 --preset quick
                                              [--against RESULTS]

``--against`` is a results folder in which a call without Ray has left the same runs, with one
thread; otherwise that call is made first. Prints each score of both and whether they are equal;
exits with 1 if one is not, or a run is missing. Seconds and memory are no scores.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from regene_bench.leaderboard.parts import read_parts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmark")
    parser.add_argument("--methods", default="real,cgan")
    parser.add_argument("--seeds", default="2")
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--against", type=Path)
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
    run = [given.benchmark, "--methods", given.methods, "--seeds", given.seeds]
    run += ["--preset", given.preset, "--device", "cpu"]
    with tempfile.TemporaryDirectory() as folder:
        serial, on_ray = given.against or Path(folder, "serial"), Path(folder, "ray")
        if given.against is None:
            call(*run, "--results", str(serial))
        # what judges the serial runs is to judge the others
        shutil.copytree(serial / "shared", on_ray / "shared")

        import ray
        from ray.cluster_utils import Cluster

        node = {"num_cpus": 1, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=node)
        cluster.add_node(num_cpus=1)
        print(f"ray {ray.__version__}, two nodes of one CPU each", flush=True)
        engine = ["--executor", "ray", "--executor-option", f"address={cluster.address}"]
        call(*run, *engine, "--results", str(on_ray))
        cluster.shutdown()
        sys.exit(compare(rows_of(serial, given.benchmark), rows_of(on_ray, given.benchmark)))


def call(*arguments: str) -> None:
    command = "from regene_bench.cli.main import main; main()"
    subprocess.run([sys.executable, "-c", command, "run", *arguments], check=True)


def rows_of(results: Path, benchmark: str) -> dict[tuple[str, ...], float | None]:
    """Scores by run, metric, extractor and class."""
    table, bad = read_parts(results, benchmark=benchmark)
    assert not bad
    keys = ("method", "seed", "run_id", "metric", "extractor_id", "class")
    return {
        tuple(str(row[key]) for key in keys): row["value"]
        for row in table.select([*keys, "value"]).to_pylist()
    }


def compare(
    serial: dict[tuple[str, ...], float | None], on_ray: dict[tuple[str, ...], float | None]
) -> int:
    """Print totals of both, and return 1 unless all scores of Ray's runs are the serial ones."""
    runs = {key[2] for key in on_ray}
    # an older folder may hold other runs, and more metrics of these
    asked = {key[:-1] for key in on_ray}
    serial = {key: value for key, value in serial.items() if key[:-1] in asked}
    different = [key for key in serial | on_ray if serial.get(key, "–") != on_ray.get(key, "–")]
    for key in sorted(on_ray):
        method, seed, _, metric, extractor, class_name = key
        if class_name == "None":
            same = "DIFFERENT" if key in different else "equal"
            print(f"{method:10} seed {seed}  {metric:24} {extractor:20} {on_ray[key]!s:22} {same}")
    print(f"{len(runs)} runs, {len(on_ray)} scores, {len(different)} different")
    return 1 if different or not on_ray else 0


if __name__ == "__main__":
    main()
