"""Runs a benchmark on a cluster of Ray of two nodes on this machine, and holds it against serial.

Usage: python benchmarks/ray_equals_serial.py mnist --methods real,cgan --seeds 2 --preset quick
                                              [--against RESULTS]

``--against`` is a results folder in which a call without Ray has left the same runs, with one
thread; otherwise that call is made first. Prints each score of both and whether they are equal;
exits with 1 if one is not, or a run is missing. Seconds and memory are no scores.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from regene_bench.leaderboard.parts import read_parts
from regene_bench.plan.selection import parse_seeds

Scores = dict[tuple[str, ...], float | None]


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
        expected, found = rows_of(serial, given.benchmark), rows_of(on_ray, given.benchmark)
        if given.against is not None:
            expected = asked_for(expected, found, given.methods, given.seeds)
        sys.exit(compare(expected, found))


def call(*arguments: str) -> None:
    command = "from regene_bench.cli.main import main; main()"
    subprocess.run([sys.executable, "-c", command, "run", *arguments], check=True)


def rows_of(results: Path, benchmark: str) -> Scores:
    """Scores by run, metric, extractor and class."""
    table, bad = read_parts(results, benchmark=benchmark)
    assert not bad
    keys = ("method", "seed", "run_id", "metric", "extractor_id", "class")
    return {
        tuple(str(row[key]) for key in keys): row["value"]
        for row in table.select([*keys, "value"]).to_pylist()
    }


def asked_for(serial: Scores, on_ray: Scores, methods: str, seeds: str) -> Scores:
    """Of an older folder the runs that were asked for, and of these the metrics that Ray's have.

    It may hold other runs, and more metrics of one that a study has measured.
    """
    names, numbers = methods.split(","), [str(seed) for seed in parse_seeds(seeds)]
    metrics = {key[3:5] for key in on_ray}
    runs = {key[2] for key in on_ray}
    others = {(key[0], key[1]) for key in on_ray}
    missing = [(n, s) for n in names for s in numbers if (n, s) not in others]
    assert not missing, f"Ray has no run of {missing}"
    return {key: value for key, value in serial.items() if key[2] in runs and key[3:5] in metrics}


def is_same(first: Scores, second: Scores, key: tuple[str, ...]) -> bool:
    """Whether both have a score, and it is one."""
    if not (key in first and key in second):
        return False
    a, b = first[key], second[key]
    return a == b or (a is not None and b is not None and math.isnan(a) and math.isnan(b))


def compare(serial: Scores, on_ray: Scores) -> int:
    """Print totals of both, and return 1 unless both have the same scores."""
    runs = {key[2] for key in on_ray}
    different = [key for key in serial | on_ray if not is_same(serial, on_ray, key)]
    for key in sorted(on_ray):
        method, seed, _, metric, extractor, class_name = key
        if class_name == "None":
            same = "DIFFERENT" if key in different else "equal"
            print(f"{method:10} seed {seed}  {metric:24} {extractor:20} {on_ray[key]!s:22} {same}")
    print(f"{len(runs)} runs, {len(on_ray)} scores, {len(different)} different")
    return 1 if different or not on_ray else 0


if __name__ == "__main__":
    main()
