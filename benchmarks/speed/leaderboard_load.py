"""A million rows in 20,000 parts: CPU time and memory of reading them, here and elsewhere.

    python benchmarks/speed/leaderboard_load.py --against ../before   # 20,000 runs of 50 rows
    python benchmarks/speed/leaderboard_load.py --runs 2000

Parts lie as runs leave them, one a run. Each command runs in a process of its own, with a cache of
its own for each of the two; the two take turns, so that whatever else a machine does meets both.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from regene_bench.base.hashing import stable_id
from regene_bench.leaderboard.folding import table_of
from regene_bench.leaderboard.part_file import part_bytes
from regene_bench.leaderboard.parts import part_path
from regene_bench.leaderboard.record import RunRecord, ScoreRow

HERE = Path(__file__).resolve().parents[2]
METHODS = ("autoencoder", "regene", "cgan", "cvae")
CLASSES = (None, *(f"class {number}" for number in range(9)))
METRICS = ("accuracy", "fd", "kid", "precision", "recall")
SEEDS, BENCHMARKS = 5, 4
T = 0
_CALL = "from regene_bench.cli.main import main; main()"
# a process that forks takes its own peak along into what it starts, so a small one asks
_MEASURE = """
import json, os, resource, subprocess, sys
code = subprocess.run(json.loads(sys.argv[1]), stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3)
"""


@dataclass(frozen=True)
class Side:
    """A checkout, and the folder and cache that only it reads."""

    name: str
    code: Path
    results: Path
    cache: Path


@dataclass(frozen=True)
class Cost:
    """What a command took.

    Attributes:
        seconds: Of CPU.
        megabytes: At its peak.
    """

    seconds: float
    megabytes: float


def write_runs(results: Path, count: int) -> list[str]:
    """Write the parts of runs; returns their ids."""
    ids = []
    for number in range(count):
        run = _run(number)
        path = part_path(results, run.benchmark, run.run_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(part_bytes(_numbered(run, number)))
        ids.append(run.run_id)
    return ids


def _run(number: int) -> RunRecord:
    line, seed = divmod(number // BENCHMARKS, SEEDS)
    method = METHODS[line % len(METHODS)]
    return RunRecord(
        run_id=stable_id({"number": number}),
        benchmark=f"bench{number % BENCHMARKS}",
        protocol_version=1,
        preset="quick",
        dataset="data",
        dataset_fingerprint="f00d",
        method=method,
        method_version="1",
        distribution="regene-bench",
        distribution_version="0.3.0",
        params={"noise_dim": line // len(METHODS), "lr": 1e-3, "width": 64},
        seed=seed,
        status="ok",
        device="cpu",
        precision="float32",
        torch_version="2.14.1",
        python_version="3.11.7",
        packages={"numpy": "2.4.6", "torch": "2.14.1", "scipy": "1.17.1"},
        timestamp=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number),
        fit_seconds=60.0 + line,
        generate_seconds=2.0,
        measure_seconds=8.0,
        peak_memory_bytes=1 << 30,
    )


def _numbered(run: RunRecord, number: int) -> pa.Table:
    values = np.random.default_rng(number).gamma(4.0, 5.0, len(METRICS) * len(CLASSES)).tolist()
    scores = [
        ScoreRow(
            metric=metric,
            value=values.pop(),
            class_name=of_class,
            direction="lower",
            n_real=10_000,
            n_generated=10_000,
            extractor_id="inception",
            weights_sha256="a1b2c3d4e5",
            preprocess_id="clean-fid",
            reference_split="train",
        )
        for metric in METRICS
        for of_class in CLASSES
    ]
    return table_of([replace(run, scores=tuple(scores))])


def cost(side: Side, arguments: Sequence[str]) -> Cost:
    """Call a checkout's command on its own folder."""
    import json

    paths = [str(side.code), str(side.code / "plugins")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "REGENE_BENCH_CACHE": str(side.cache),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-c", _CALL, *arguments, "--results", str(side.results)]
    told = subprocess.run(
        [sys.executable, "-c", _MEASURE, json.dumps(command)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=side.code,
        check=True,
    )
    code, seconds, megabytes = told.stdout.split()
    if code != "0":
        raise SystemExit(f"{' '.join(arguments)} ended with {code} in {side.code}: {told.stderr}")
    return Cost(float(seconds), float(megabytes))


def compare(what: str, sides: Sequence[Side], arguments: Sequence[str], rounds: int) -> None:
    """Call each side in turn, and print the best of some rounds and what they are to each other."""
    best: dict[str, Cost] = {}
    for _ in range(rounds):
        for side in sides:
            found = cost(side, arguments)
            if side.name not in best or found.seconds < best[side.name].seconds:
                best[side.name] = found
    for name, found in best.items():
        row = f"{what:<28}{name:<8}{found.seconds:>9.2f}{found.megabytes:>9.0f}"
        ratio = found.seconds / best[sides[0].name].seconds
        print(row + (f"{ratio:>9.2f}×" if name != sides[0].name else ""), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--against", type=Path, help="another checkout; it takes turns")
    parser.add_argument("--parts", type=Path, help="a folder to make the parts in, or find them")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        results = arguments.parts or Path(temporary) / "results"
        folder = Path(temporary)
        if not results.exists():
            write_runs(results, arguments.runs)
        sides = [Side("here", HERE, results, folder / "here")]
        if arguments.against is not None:
            sides.insert(0, Side("before", arguments.against.resolve(), results, folder / "before"))
        run = stable_id({"number": arguments.runs // 2})
        board = ("leaderboard", "--format", "csv")
        print(f"{arguments.runs:,} parts, {arguments.runs * 50:,} rows".ljust(36), end="")
        print(f"{'CPU s':>9}{'peak MB':>9}{'ratio':>10}")
        compare("show RUN", sides, ("show", run), arguments.rounds)
        compare("leaderboard, first", sides, board, 1)
        compare("leaderboard, again", sides, board, arguments.rounds)
        # only here: the other may not know the command
        compacted = replace(sides[-1], results=folder / "few", cache=folder / "of few")
        shutil.copytree(results, compacted.results)
        print(f"{'compact':<28}{'here':<8}", end="")
        cost_of = cost(compacted, ("compact",))
        print(f"{cost_of.seconds:>9.2f}{cost_of.megabytes:>9.0f}")
        compare("show RUN, compacted", [compacted], ("show", run), arguments.rounds)
        compare("leaderboard, compacted first", [compacted], board, 1)
        compare("leaderboard, compacted again", [compacted], board, arguments.rounds)


if __name__ == "__main__":
    main()
