"""Many machines that share runs through a store, simulated: is a part lost, or a run done twice?

    python benchmarks/many_writers.py                      # a thousand writers, 300 runs
    python benchmarks/many_writers.py --store s3://bucket/prefix --writers 100 --runs 30

Each line is a course of its own: writers take leases, train (time that is made up), renew, put
parts. Between any two operations of the store others may come; the last columns say what was made
to go wrong. An address takes a real store, whose conditions then decide; it must be empty.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from regene_bench.stores.opening import open_store
from regene_bench.stores.store import ResultsStore
from tests.stores.simulation import Course, Faults, MemoryStore, simulate

COURSES = {
    "nothing goes wrong": Faults(),
    "killed, answers lost": Faults(kill=0.01, lose=0.02),
    "and not heard of for long": Faults(kill=0.01, lose=0.02, stall=0.02),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--writers", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--store", default="", help="s3://bucket/prefix; in memory by default")
    arguments = parser.parse_args()
    for number, (title, faults) in enumerate(COURSES.items()):
        address = f"{arguments.store}/{number}" if arguments.store else ""
        store: ResultsStore = open_store(address) if address else MemoryStore()
        with tempfile.TemporaryDirectory() as folder:
            course = simulate(
                store,
                Path(folder),
                writers=arguments.writers,
                runs=arguments.runs,
                faults=faults,
                seed=arguments.seed,
            )
        print(told(title, arguments.writers, course), flush=True)


def told(title: str, writers: int, course: Course) -> str:
    """One line of what happened."""
    again = sum(count > 1 for count in course.trained.values())
    return (
        f"{writers:,} writers, {course.runs:,} runs, {title}: "
        f"{course.parts:,} parts, {course.runs - course.parts} lost; "
        f"{sum(count > 1 for count in course.puts.values())} put twice; "
        f"{course.held_twice} held twice; {again} trained to the end more than once; "
        f"{course.operations:,} operations in {course.hours:.1f} h made up; "
        f"{course.kills:,} kills, {course.lost:,} answers lost, {course.stalls:,} silences"
    )


if __name__ == "__main__":
    main()
