"""What an executor hands back, held against the runs that it was given.

An executor is a plugin like any other. What it carried out lies on the disk; a run that it says
nothing of, and left nothing of, has failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from regene_bench.base.errors import Interrupted, MethodError, PluginError
from regene_bench.base.events import Message
from regene_bench.base.guard import guarded
from regene_bench.base.text import text_of
from regene_bench.harness.executors.executor import Executor, Job
from regene_bench.leaderboard.record import RunRecord
from regene_bench.plan.runs import Run

Kept = Callable[[Run], RunRecord | None]
"""Reads what this call left of a run on the disk; ``None`` if it left nothing."""
GiveUp = Callable[[Run, Exception], RunRecord]
"""Records that a run has failed, without having been carried out."""


def answers(
    executor: Executor, name: str, job: Job, kept: Kept, give_up: GiveUp
) -> Iterator[RunRecord]:
    """Have an executor carry out a job, and yield one record for each of its runs.

    Records of runs that are none of the job's, second ones, and what is no record are passed over
    and said so. Runs that are done are kept, whatever the executor raises after them.

    Args:
        executor: It.
        name: What it is called in messages.
        job: The runs.
        kept: As of ``Kept``.
        give_up: As of ``GiveUp``.

    Raises:
        Interrupted: A stop was asked for.
        RegeneBenchError: Of the executor, in words of its own.
    """
    open_runs: dict[str, Run] = {run.run_id: run for run in job.runs}
    problem: Exception = MethodError(f"{name} returned no record of this run.")
    records: Iterator[object] | None = None
    while True:
        try:
            with guarded(name, "Call again with --executor serial."):
                records = iter(executor(job)) if records is None else records
                record = next(records, None)
        except PluginError as error:
            if error.__cause__ is None:  # raised by it in words of its own
                raise
            job.emit(Message(text_of(error), "warning"))
            problem = error
            break
        if record is None:
            break
        if not isinstance(record, RunRecord) or record.run_id not in open_runs:
            text = f"{name} gave {_described(record, job)}; it was passed over."
            job.emit(Message(text, "warning"))
            continue
        run = open_runs.pop(record.run_id)
        invented = MethodError(f"{name} gave a record of this run, which nobody carried out.")
        yield kept(run) or give_up(run, invented)
    if open_runs and job.stop.reason:  # it took the stop for the end
        raise Interrupted(job.stop.reason)
    for run in open_runs.values():
        yield kept(run) or give_up(run, problem)


def _described(record: object, job: Job) -> str:
    """What something is that an executor should not have given."""
    if not isinstance(record, RunRecord):
        return f"a {type(record).__name__} in place of a record"
    if any(run.run_id == record.run_id for run in job.runs):
        return f"a second record of the run {record.run_id}"
    return f"a record of the run {record.run_id!r:.80}, which is none of this call's"
