"""Times ``make demo`` of two revisions in fresh clones of this repository, in turn.

Each clone is installed before the clock starts, as the README's command does it once. Then every
call has an empty cache and no results, as a new user's first one has. Seconds by the clock and of
CPU are medians of the rounds.

Usage: python benchmarks/speed/demo.py REVISION [REVISION ...] [--rounds N] [--clones FOLDER]
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parents[2]


def clone(revision: str, folder: Path) -> Path:
    """A clone of this repository at a revision, installed; one that is there already is taken."""
    path = folder / revision
    if not path.exists():
        subprocess.run(["git", "clone", "-q", HERE, path], check=True)
        subprocess.run(["git", "checkout", "-q", revision], cwd=path, check=True)
    subprocess.run(["make", "install"], cwd=path, check=True, stdout=subprocess.DEVNULL)
    return path


def seconds_of_demo(path: Path, cache: Path) -> tuple[float, float]:
    """Seconds by the clock and of CPU that a first call takes."""
    shutil.rmtree(path / "results", ignore_errors=True)
    shutil.rmtree(cache, ignore_errors=True)
    variables = os.environ | {"REGENE_BENCH_CACHE": str(cache), "PYTHONPATH": ""}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(["make", "demo"], cwd=path, env=variables, check=True, stdout=subprocess.DEVNULL)
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return clock, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("revisions", nargs="+", help="of this repository; the first is 1.00×")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--clones", type=Path, help="where clones are kept and found again")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.clones or Path(temporary)).resolve()
        clones = [clone(revision, folder) for revision in given.revisions]
        rounds = [
            [seconds_of_demo(path, folder / "cache") for path in clones]
            for _ in range(given.rounds)
        ]
    print(f"make demo, {os.cpu_count()} cores, {given.rounds} round(s)")
    print(f"{'':<12}{'clock':>9}{'CPU':>9}")
    first = 0.0
    for revision, times in zip(given.revisions, zip(*rounds, strict=True), strict=True):
        clock, cpu = (median(found) for found in zip(*times, strict=True))
        first = first or clock
        print(f"{revision:<12}{clock:>7.1f} s{cpu:>7.1f} s{clock / first:>8.2f}×", flush=True)


if __name__ == "__main__":
    main()
