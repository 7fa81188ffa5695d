"""Executors of the core keep their contract; each fault is found by the check that is for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from regene_bench.base.events import silent
from regene_bench.harness.carry_out_ticket import carry_out_ticket
from regene_bench.harness.executors.executor import ExecutorConfig, Job
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


class LosesTheRest:
    """Carries each run out in a process of its own, and ends with the first that is lost."""

    class Config(ExecutorConfig):
        together: bool = False

    def __init__(self, config: Config) -> None:
        self.config = config

    def __call__(self, job: Job) -> Iterator[RunRecord]:
        for run in job.runs:
            job.stop.check()
            ticket = job.ticket([run], together=self.config.together)
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                done = pool.submit(carry_out_ticket, ticket).result()
            yield from done.records


def repeats_finished_ones(job: Job) -> Iterator[RunRecord]:
    finished = {run.run_id for run in job.runs if job.execute(run).status == "ok"}
    yield from (job.execute(run) for run in job.runs if run.run_id not in finished)


@pytest.mark.parametrize("name", ["executor:serial", "executor:stacked"])
def test_executors_of_this_process_keep_their_contract(name: str, tmp_path: Path) -> None:
    assert faults(_CORE + name, tmp_path) == set()


@pytest.mark.slow
def test_workers_keep_their_contract(tmp_path: Path) -> None:
    results = results_of("executor", subject(_CORE + "workers:workers", tmp_path))
    assert {name for name, result in results.items() if result.status != "passed"} <= {
        "is-described"
    }


@pytest.mark.slow
def test_an_executor_that_gives_up_with_a_lost_process_is_found(tmp_path: Path) -> None:
    found = faults(f"{__name__}:{LosesTheRest.__name__}", tmp_path)
    assert found == {"a-lost-process-does-not-end-the-others"}


@pytest.mark.parametrize(
    ("executor", "found_by"),
    [
        (forgets, {"every-run-has-its-record", "every-run-is-carried-out-once"}),
        (goes_on, {"a-stop-is-heeded"}),
        (counts, {"every-run-has-its-record"}),
        (gives_up, {"a-failed-run-does-not-end-the-others"}),
        (repeats_finished_ones, {"finished-runs-come-back"}),
    ],
)
def test_a_fault_is_found(
    executor: Callable[[Job], Any], found_by: set[str], tmp_path: Path
) -> None:
    assert faults(f"{__name__}:{executor.__name__}", tmp_path) >= found_by
