"""A million rows in 20,000 parts: CPU time and memory of reading them, here and elsewhere.

    python benchmarks/speed/leaderboard_load.py --against ../before   # 20,000 runs of 50 rows
    python benchmarks/speed/leaderboard_load.py --runs 2000

Parts lie as the runs of each checkout leave them, one a run; what the other has written is read
here, too. Each command runs in a process of its own, and checkouts take turns, so that whatever
else a machine does meets both.
"""

from __future__ import annotations

import argparse
import json
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

from regene_bench.base.hashing import stable_id
from regene_bench.leaderboard.parts import write_part
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


def write_runs(results: Path, count: int) -> None:
    """Write the parts of runs, as the checkout that is imported does."""
    for number in range(count):
        write_part(results, synthetic_run(number))


def synthetic_run(number: int) -> RunRecord:
    """One of many runs, five scores of a total and nine classes each."""
    return _numbered(_run(number), number)


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


def _numbered(run: RunRecord, number: int) -> RunRecord:
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
    return replace(run, scores=tuple(scores))


def cost(side: Side, arguments: Sequence[str]) -> Cost:
    """Call a checkout's command on its own folder."""
    command = [sys.executable, "-c", _CALL, *arguments]
    told = _call(side, [sys.executable, "-c", _MEASURE, json.dumps(command)])
    code, seconds, megabytes = told.split()
    if code != "0":
        raise SystemExit(f"{' '.join(arguments)} ended with {code} in {side.code}")
    return Cost(float(seconds), float(megabytes))


def _call(side: Side, command: Sequence[str]) -> str:
    paths = [str(side.code), str(side.code / "plugins")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "REGENE_BENCH_CACHE": str(side.cache),
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.run(
        command, stdout=subprocess.PIPE, text=True, env=environment, cwd=side.code, check=True
    ).stdout


def compare(what: str, sides: Sequence[Side], arguments: Sequence[str], rounds: int) -> None:
    """Call each side in turn, and print the best of some rounds and what they are to the first."""
    best: dict[str, Cost] = {}
    for _ in range(rounds):
        for side in sides:
            found = cost(side, (*arguments, "--results", str(side.results)))
            if side.name not in best or found.seconds < best[side.name].seconds:
                best[side.name] = found
    first = next(iter(best.values()))
    for name, found in best.items():
        _print(what, name, found, found.seconds / first.seconds)


def _print(what: str, name: str, found: Cost, ratio: float = 1.0) -> None:
    row = f"{what:<20}{name:<22}{found.seconds:>8.2f}{found.megabytes:>9.0f}"
    print(row + (f"{ratio:>7.2f}×" if ratio != 1.0 else ""), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--against", type=Path, help="another checkout; it takes turns")
    parser.add_argument("--folder", type=Path, help="where to make the parts, or to find them")
    parser.add_argument("--theirs", action="store_true", help="read its parts here, too")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write is not None:
        write_runs(arguments.write, arguments.runs)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder, caches = arguments.folder or Path(temporary), Path(temporary)
        sides = [Side("here", HERE, folder / "here", caches / "here")]
        if arguments.against is not None:
            other = arguments.against.resolve()
            sides.insert(0, Side("before", other, folder / "before", caches / "before"))
        if arguments.theirs:
            theirs = folder / "before"
            sides.append(Side("here, parts of before", HERE, theirs, caches / "of before"))
        for side in sides:
            if not side.results.exists():
                script = [sys.executable, str(Path(__file__).resolve())]
                _call(side, [*script, "--write", str(side.results), "--runs", str(arguments.runs)])
        _measure(sides, caches, arguments.runs, arguments.rounds)


def _measure(sides: Sequence[Side], folder: Path, runs: int, rounds: int) -> None:
    show, board = ("show", stable_id({"number": runs // 2})), ("leaderboard", "--format", "csv")
    print(f"{runs:,} parts, {runs * 50:,} rows".ljust(42) + f"{'CPU s':>8}{'peak MB':>9}")
    # first what makes a copy in the cache, which the older checkout needs for each command
    compare("leaderboard, first", sides, board, 1)
    compare("leaderboard, again", sides, board, rounds)
    compare("show RUN", sides, show, rounds)
    here = next(side for side in sides if side.name == "here")
    few = replace(here, name="here, compacted", results=folder / "few", cache=folder / "of few")
    shutil.copytree(here.results, few.results)
    _print("compact", "here", cost(few, ("compact", str(few.results))))
    compare("leaderboard, first", [few], board, 1)
    compare("leaderboard, again", [few], board, rounds)
    compare("show RUN", [few], show, rounds)


if __name__ == "__main__":
    main()
