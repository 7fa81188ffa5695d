"""Many machines on one store: no part is lost, no run is done twice, whatever goes wrong.

``benchmarks/many_writers.py`` has a thousand of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stores.simulation import Faults, MemoryStore, simulate

WRITERS, RUNS = 20, 8


def test_where_nothing_goes_wrong_each_run_is_trained_once(tmp_path: Path) -> None:
    course = simulate(MemoryStore(), tmp_path, writers=WRITERS, runs=RUNS, faults=Faults())
    assert (course.parts, course.held_twice) == (RUNS, 0)
    assert course.puts == course.trained == dict.fromkeys(course.puts, 1)


@pytest.mark.parametrize("seed", range(3))
def test_who_is_killed_or_loses_answers_costs_no_run(tmp_path: Path, seed: int) -> None:
    faults = Faults(kill=0.02, lose=0.05)
    course = simulate(MemoryStore(), tmp_path, writers=WRITERS, runs=RUNS, faults=faults, seed=seed)
    assert course.kills > 0
    assert course.lost > 0
    assert (course.parts, course.held_twice) == (RUNS, 0)
    assert set(course.puts.values()) == {1}


@pytest.mark.parametrize("seed", range(3))
def test_who_is_not_heard_of_puts_no_part_over_another(tmp_path: Path, seed: int) -> None:
    faults = Faults(kill=0.01, stall=0.05, lose=0.02)
    course = simulate(MemoryStore(), tmp_path, writers=WRITERS, runs=RUNS, faults=faults, seed=seed)
    assert course.stalls > 0
    assert (course.parts, course.held_twice) == (RUNS, 0)
    assert set(course.puts.values()) == {1}


def test_the_same_seed_gives_the_same_course(tmp_path: Path) -> None:
    faults = Faults(kill=0.02, stall=0.02, lose=0.02)
    first, second = (
        simulate(MemoryStore(), tmp_path / n, writers=5, runs=4, faults=faults, seed=3)
        for n in "ab"
    )
    assert first == second


class _PassesOver(MemoryStore):
    """A server that knows nothing of conditions."""

    def put_if_absent(self, key: str, content: bytes) -> str | None:
        return self.put(key, content)

    def put_if_unchanged(self, key: str, content: bytes, stamp: str) -> str | None:
        return self.put(key, content)


def test_a_store_without_conditions_would_be_noticed(tmp_path: Path) -> None:
    faults = Faults(stall=0.1)
    course = simulate(_PassesOver(), tmp_path, writers=WRITERS, runs=RUNS, faults=faults)
    assert max(course.puts.values()) > 1
