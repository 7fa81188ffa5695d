"""CPU seconds of a whole `run digits`, here and in another checkout, both at once on each core.

    python benchmarks/speed/guards.py --against ../before   # before: without the guards
    python benchmarks/speed/guards.py --against ../before --rounds 5 --methods real,cgan

A shared machine is faster in one minute than in the next by more than what is sought here. So the
two sides of a pair are not called in turn: they share one core, on which the system changes between
them many times a second, and whatever else the machine does meets both. What counts is the CPU
time that each has had. Caches are filled by a round that is not counted. Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
_MEASURE = """
import json, os, resource, subprocess, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
code = subprocess.run(json.loads(sys.argv[2]), stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, used.ru_utime + used.ru_stime)
"""


@dataclass(frozen=True)
class Side:
    """A checkout at work on one core, with a cache of its own."""

    code: Path
    core: int
    folder: Path

    def seconds(self, methods: str) -> float:
        """Run `digits` into an empty folder, and tell the CPU seconds that it took."""
        with tempfile.TemporaryDirectory(dir=self.folder) as results:
            call = "from regene_bench.cli.main import main; main()"
            run = ["run", "digits", "--methods", methods, "--device", "cpu", "--results", results]
            command = json.dumps([sys.executable, "-c", call, *run])
            told = subprocess.run(
                [sys.executable, "-c", _MEASURE, str(self.core), command],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                cwd=self.folder,
                env=self._environment(),
                check=True,
            ).stdout
        code, seconds = told.split()
        if code != "0":
            raise SystemExit(f"run digits ended with {code} in {self.code}")
        return float(seconds)

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": os.pathsep.join([str(self.code), str(self.code / "plugins")]),
            "REGENE_BENCH_CACHE": str(self.folder / "cache"),
            "OMP_NUM_THREADS": "1",
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", type=Path, required=True, help="another checkout")
    parser.add_argument("--methods", default="real,regene,cgan,cvae")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        pairs = [_pair(core, arguments.against.resolve(), Path(folder)) for core in cores]
        _measure(pairs, arguments.methods, arguments.rounds)


def _pair(core: int, other: Path, folder: Path) -> tuple[Side, Side]:
    before, here = folder / f"before {core}", folder / f"here {core}"
    before.mkdir()
    here.mkdir()
    return Side(other, core, before), Side(HERE, core, here)


def _measure(pairs: list[tuple[Side, Side]], methods: str, rounds: int) -> None:
    sides = [side for pair in pairs for side in pair]
    ratios: list[float] = []
    with ThreadPoolExecutor(len(sides)) as pool:
        list(pool.map(lambda side: side.seconds(methods), sides))
        print(f"run digits --methods {methods}, CPU seconds\n{'core':<6}{'before':>8}{'here':>8}")
        for _ in range(rounds):
            seconds = list(pool.map(lambda side: side.seconds(methods), sides))
            for before, here, (side, _) in zip(seconds[::2], seconds[1::2], pairs, strict=True):
                ratios.append(here / before)
                print(f"{side.core:<6}{before:>8.1f}{here:>8.1f}{ratios[-1]:>8.3f}×", flush=True)
    error = statistics.stdev(ratios) / len(ratios) ** 0.5 if len(ratios) > 1 else float("nan")
    print(f"mean of {len(ratios)} ratios {statistics.mean(ratios):.3f} ± {error:.3f}")


if __name__ == "__main__":
    main()
