"""An executor is held against the runs that it was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from regene_bench.base.errors import Interrupted, ResultsError, UsageError
from regene_bench.base.events import Event, Message
from regene_bench.harness.answers import answers
from regene_bench.harness.executors.executor import Job
from regene_bench.harness.options import Options
from regene_bench.leaderboard.record import RunRecord
from regene_bench.plan.runs import Run
from regene_bench.runtime.stop import StopRequest
from tests.leaderboard.helpers import record

from .builders import run_of

RUNS = [run_of(seed=seed) for seed in range(3)]


class Call:
    """A call of three runs, of which ``execute`` leaves records as on a disk."""

    def __init__(self) -> None:
        self.disk: dict[str, RunRecord] = {}
        self.told: list[str] = []
        self.stop = StopRequest()
        self.job = Job(
            runs=RUNS,
            execute=self.execute,
            execute_together=lambda runs: map(self.execute, runs),
            ticket=cast("Any", None),
            options=Options(),
            stop=self.stop,
            emit=self.tell,
            fail=cast("Any", None),
            kept=cast("Any", None),
        )

    def execute(self, run: Run) -> RunRecord:
        self.disk[run.run_id] = record(run_id=run.run_id, seed=run.seed)
        return self.disk[run.run_id]

    def tell(self, event: Event) -> None:
        assert isinstance(event, Message)
        self.told.append(event.text)

    def give_up(self, run: Run, error: Exception) -> RunRecord:
        return record(run_id=run.run_id, status="failed", error_message=str(error))

    def answers(self, executor: Callable[[Job], Any]) -> list[RunRecord]:
        kept = lambda run: self.disk.get(run.run_id)  # noqa: E731
        return list(answers(executor, "The executor 'x'", self.job, kept, self.give_up))


def statuses(records: list[RunRecord]) -> list[str]:
    by_id = {one.run_id: one.status for one in records}
    assert len(by_id) == len(records) == len(RUNS)
    return [by_id[run.run_id] for run in RUNS]


def test_what_is_done_is_yielded_as_it_ends() -> None:
    call = Call()
    assert statuses(call.answers(lambda job: map(job.execute, job.runs))) == ["ok"] * 3
    assert call.told == []


def test_a_run_that_is_not_answered_for_has_failed() -> None:
    records = Call().answers(lambda job: [job.execute(job.runs[1])])
    assert statuses(records) == ["failed", "ok", "failed"]
    (message,) = {one.error_message for one in records if one.status == "failed"}
    assert message == "The executor 'x' returned no record of this run."


def test_a_run_that_was_carried_out_counts_even_if_its_record_was_dropped() -> None:
    def forgetful(job: Job) -> Iterator[RunRecord]:
        for run in job.runs:
            job.execute(run)
        return iter(())

    assert statuses(Call().answers(forgetful)) == ["ok"] * 3


def test_a_record_that_nobody_carried_out_is_none() -> None:
    records = Call().answers(lambda job: [record(run_id=RUNS[0].run_id)])
    assert statuses(records)[0] == "failed"
    assert "which nobody carried out" in (records[0].error_message or "")


def test_records_twice_of_other_runs_and_of_no_kind_are_named_and_passed_over() -> None:
    def confused(job: Job) -> Iterator[Any]:
        first = job.execute(job.runs[0])
        yield from (first, first, replace(first, run_id="beef"), "done")
        yield from map(job.execute, job.runs[1:])

    call = Call()
    assert statuses(call.answers(confused)) == ["ok"] * 3
    assert [text.removeprefix("The executor 'x' gave ") for text in call.told] == [
        f"a second record of the run {RUNS[0].run_id}; it was passed over.",
        "a record of the run 'beef', which is none of this call's; it was passed over.",
        "a str in place of a record; it was passed over.",
    ]


@pytest.mark.parametrize("error", [KeyError("pool"), SystemExit(0), GeneratorExit()])
def test_what_was_done_before_it_fails_is_kept(error: BaseException) -> None:
    def breaks(job: Job) -> Iterator[RunRecord]:
        yield job.execute(job.runs[0])
        raise error

    call = Call()
    records = call.answers(breaks)
    assert statuses(records) == ["ok", "failed", "failed"]
    assert type(error).__name__ in (records[1].error_message or "")
    assert "The executor 'x' failed" in call.told[0]


@pytest.mark.parametrize("given", [None, 3, "abc"])
def test_what_cannot_be_gone_through_fails_all_runs(given: object) -> None:
    assert statuses(Call().answers(lambda job: given)) == ["failed"] * 3


def test_errors_in_its_own_words_pass() -> None:
    def refuses(job: Job) -> Iterator[RunRecord]:
        raise UsageError("no such queue")

    with pytest.raises(UsageError, match="no such queue"):
        Call().answers(refuses)
    with pytest.raises(ResultsError):
        Call().answers(lambda job: (_ for _ in ()).throw(ResultsError("a worker died")))


def test_a_stop_that_it_takes_for_the_end_is_a_stop() -> None:
    call = Call()

    def stops(job: Job) -> Iterator[RunRecord]:
        yield job.execute(job.runs[0])
        call.stop.ask("SIGTERM")

    with pytest.raises(Interrupted, match="SIGTERM"):
        call.answers(stops)


def test_one_that_is_left_midway_is_closed_and_nothing_is_made_up() -> None:
    call = Call()
    kept = lambda run: call.disk.get(run.run_id)  # noqa: E731
    records = answers(lambda job: map(job.execute, job.runs), "x", call.job, kept, call.give_up)
    next(records)
    cast("Any", records).close()
    assert list(call.disk) == [RUNS[0].run_id]
