"""What a worker process and its parent say to each other, through one pipe a worker.

A queue that all workers share has a lock that all share: a worker that is killed in the middle of a
message takes it along, and everybody else waits for ever. A pipe of one writer has none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from regene_bench.base.errors import RegeneBenchError

if TYPE_CHECKING:  # torch is imported after a worker heeds signals
    from regene_bench.base.events import Event
    from regene_bench.harness.executors.executor import Job
    from regene_bench.leaderboard.record import RunRecord
    from regene_bench.runtime.devices import Place


@dataclass(frozen=True)
class Ready:
    """The worker has prepared the call and takes runs: ids, and at the end ``None``."""


@dataclass(frozen=True)
class Told:
    """Something that whoever watches the call should see."""

    event: Event


@dataclass(frozen=True)
class Ended:
    """A run has ended, and its part is written.

    Attributes:
        record: What became of it, by this worker or by another call.
    """

    record: RunRecord


@dataclass(frozen=True)
class Stopped:
    """The worker takes no more runs.

    Attributes:
        reason: Why, if a stop was asked for.
        error: What keeps it from carrying on, which would keep other workers from it, too.
    """

    reason: str | None = None
    error: RegeneBenchError | None = None


FromWorker = Ready | Told | Ended | Stopped


@dataclass(frozen=True)
class Orders:
    """What a worker process is started with.

    Attributes:
        ticket: Of all runs of the job, as JSON: what reads it imports torch, which takes seconds,
            and a worker must heed signals before that.
        threads: How many torch computes with.
        visible: What ``CUDA_VISIBLE_DEVICES`` is for it; ``None`` to leave it.
    """

    ticket: str
    threads: int = 1
    visible: str | None = None

    @classmethod
    def of(cls, job: Job, threads: int = 1) -> Orders:
        """Write down what a worker of a job does; the parent forwards stops and minds the time."""
        return cls(job.ticket(job.runs).model_dump_json(), threads)

    @classmethod
    def at(cls, job: Job, place: Place) -> Orders:
        """Write down what the worker does that computes at a place."""
        ticket = job.ticket(job.runs)
        options = replace(ticket.options, device=place.device)
        there = ticket.model_copy(update={"options": options})
        return cls(there.model_dump_json(), place.threads, place.visible)
