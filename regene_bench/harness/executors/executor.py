"""The contract of an executor, and the two that work in this process.

An executor decides where and in which order runs are carried out; how one is carried out is not its
business. It gets a ``Job`` and yields the record of each run. Plugins register their own with
``register_executors``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict

from regene_bench.base.guard import NOT_A_FAULT, guarded

if TYPE_CHECKING:  # executors are imported by worker processes before torch may be
    from regene_bench.base.errors import RegeneBenchError
    from regene_bench.base.events import Sink
    from regene_bench.harness.options import Options
    from regene_bench.harness.ticket import Ticket
    from regene_bench.leaderboard.record import RunRecord
    from regene_bench.plan.runs import Run
    from regene_bench.runtime.stop import StopRequest

# what is gained by one more model shrinks, and all are in memory at once
_MOST_TOGETHER = 64


@dataclass(frozen=True)
class Job:
    """Runs to carry out, and how.

    An executor that stays in this process calls ``execute`` or ``execute_together``. One that uses
    other processes or machines sends tickets there, which are JSON and can be pickled, and has
    them carried out by ``carry_out_ticket``.

    Attributes:
        runs: What is to be done, in the order of the plan.
        execute: Carries out one of them in this process: trains, generates, measures, writes its
            part of the leaderboard, and returns its record.
        execute_together: Does so with several of one ``Method.batch_key``, which are trained
            together; yields their records as they end.
        ticket: Writes down some of the runs for whoever carries them out elsewhere; with
            ``together=True`` those that can be are trained as one there.
        options: As the user gave them, the results folder as an absolute path.
        stop: Looked at by those who wait.
        emit: Takes progress events.
        fail: Writes a run down as failed, for an executor that has lost it: why, and where it was
            (a call a line, or nothing). Returns its record, or ``None`` if another call is at work
            on the run now.
        kept: Reads what became of a run that was carried out elsewhere since the call began, for an
            executor that hears of its end and of no record; ``None`` if nothing did.
        claim: Tells whether no other call is at work on a run, and keeps it for this call until it
            is carried out. Whoever carries out one run after the other asks it before
            each, and takes another run first; who does not waits for other calls.
    """

    runs: Sequence[Run]
    execute: Callable[[Run], RunRecord]
    execute_together: Callable[[Sequence[Run]], Iterator[RunRecord]]
    ticket: MakeTicket
    options: Options
    stop: StopRequest
    emit: Sink
    fail: Callable[[Run, RegeneBenchError, str], RunRecord | None]
    kept: Callable[[Run], RunRecord | None]
    claim: Callable[[Run], bool] = lambda run: True


class MakeTicket(Protocol):
    """Makes tickets of a job's runs."""

    def __call__(self, runs: Sequence[Run], /, *, together: bool = False) -> Ticket:
        """Write down some of the job's runs; trained as one where they can be, if asked for."""
        ...


class ExecutorConfig(BaseModel):
    """Base of the options of an executor that is a class: ``--executor-option KEY=VALUE``.

    Such a class has this model, or one derived from it, as ``Config``; it is made with the
    validated options, and its instance is called with a ``Job``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


Executor = Callable[[Job], "Iterator[RunRecord]"]
"""Yields the record of each run of the job as it ends."""


def check_call(executor: Executor, options: Options, name: str) -> None:
    """Have an executor refuse a call that it cannot carry out, before anything is done for it.

    It may have a method ``check``, which is called with the options, device and precision decided.

    Args:
        executor: It.
        options: Of the call.
        name: What the executor is called in messages.

    Raises:
        UsageError: It refuses.
        PluginError: The method fails.
    """
    check = getattr(executor, "check", None)
    if callable(check):
        with guarded(name):
            check(options)


def is_elsewhere(executor: Executor) -> bool:
    """Whether an executor has other machines carry out all runs: its attribute ``elsewhere``.

    Then ``--device`` may name what this machine lacks, and what all runs need (extractors, features
    of real images) is not computed here before, but by the first of them that needs it.
    """
    return getattr(executor, "elsewhere", False) is True


def serial(job: Job) -> Iterator[RunRecord]:
    """Carry out one run after the other, and yield the record of each as it ends.

    Runs that other calls are at work on come last.
    """
    left = list(job.runs)
    while left:
        run = next(filter(job.claim, left), left[0])
        left.remove(run)
        yield job.execute(run)


def stacked(job: Job) -> Iterator[RunRecord]:
    """Train runs of one method together where it can (sweeps), else one after the other.

    Yields the record of each run; those of runs that train together come when all are trained.
    """
    for group in trained_together(job.runs):
        yield from job.execute_together(group)


def trained_together(runs: Sequence[Run]) -> list[list[Run]]:
    """Group runs by what their method can train at once, in the order of their first ones.

    No group is larger than 64 runs; a run that goes with no other is a group of its own.
    """
    groups: dict[tuple[str, ...], list[list[Run]]] = {}
    for run in runs:
        own = _batch_key(run)
        key = (run.entry.distribution, run.entry.name, own or f"alone: {run.run_id}")
        full = groups.setdefault(key, [[]])
        if len(full[-1]) == _MOST_TOGETHER:
            full.append([])
        full[-1].append(run)
    return [group for full in groups.values() for group in full]


def _batch_key(run: Run) -> str | None:
    """What a method says of a run; one that fails, or gives no text, has it train alone."""
    try:
        key = run.method.batch_key(run.config)
    except NOT_A_FAULT:
        raise
    except BaseException:
        return None
    return key if isinstance(key, str) else None
