"""Executors of the core keep their contract; each fault is found by the check that is for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from regene_bench.base.events import silent
from regene_bench.harness.executors.executor import Job
from regene_bench.leaderboard.record import RunRecord
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import load_plugins
from regene_bench.testing.executors import Subject

from .subjects import results_of

_CORE = "regene_bench.harness.executors."


def subject(target: str, folder: Path) -> Any:
    entry = Entry("executor", "own", "tests", "1", target, "of the tests")
    return Subject(entry, folder, load_plugins(), silent)


def faults(target: str, folder: Path) -> set[str]:
    results = results_of("executor", subject(target, folder))
    return {name for name, result in results.items() if result.status == "failed"}


def forgets(job: Job) -> Iterator[RunRecord]:
    for run in job.runs[1:]:
        yield job.execute(run)


def repeats(job: Job) -> Iterator[RunRecord]:
    for run in job.runs:
        record = job.execute(run)
        yield record if record.status == "ok" else job.execute(run)


def gives_up(job: Job) -> Iterator[RunRecord]:
    for run in job.runs:
        record = job.execute(run)
        if record.status == "failed":
            raise RuntimeError(record.error_message)
        yield record


def goes_on(job: Job) -> Iterator[RunRecord]:
    for run in job.runs:
        try:
            yield job.execute(run)
        except BaseException:
            time.sleep(0)


def counts(job: Job) -> Iterator[int]:
    for number, run in enumerate(job.runs):
        job.execute(run)
        yield number


@pytest.mark.parametrize("name", ["executor:serial", "executor:stacked"])
def test_executors_of_this_process_keep_their_contract(name: str, tmp_path: Path) -> None:
    assert faults(_CORE + name, tmp_path) == set()


@pytest.mark.slow
def test_workers_keep_their_contract(tmp_path: Path) -> None:
    assert faults(_CORE + "workers:workers", tmp_path) == set()


@pytest.mark.parametrize(
    ("executor", "found_by"),
    [
        (forgets, {"every-run-has-its-record", "every-run-is-carried-out-once"}),
        (repeats, {"every-run-is-carried-out-once"}),
        (goes_on, {"a-stop-is-heeded"}),
        (counts, {"every-run-has-its-record"}),
        (gives_up, {"a-failed-run-does-not-end-the-others"}),
    ],
)
def test_a_fault_is_found(
    executor: Callable[[Job], Any], found_by: set[str], tmp_path: Path
) -> None:
    assert faults(f"{__name__}:{executor.__name__}", tmp_path) >= found_by
