"""The executor ``slurm``: runs are tasks of a job array, and this process looks how they fare.

What a task needs is a ticket in a file, and what it brings is the run's part in the results folder
and a note of its end. So this process may go away at any time: the array goes on, and whoever
makes the same call again finds its tasks in the queue and takes their part from there. The results
folder and the data have to be seen from all nodes at the same paths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from regene_bench.api import (
    Interrupted,
    Job,
    Message,
    Run,
    RunOptions,
    RunRecord,
    Ticket,
    UsageError,
)
from regene_bench_slurm.config import SlurmConfig
from regene_bench_slurm.driver import Driver


class SlurmExecutor:
    """Carries out runs as tasks of a job array."""

    Config = SlurmConfig
    elsewhere = True

    def __init__(self, config: SlurmConfig) -> None:
        self._config = config

    def check(self, options: RunOptions) -> None:
        """Refuse limits that no task can keep, and a device that tasks would not hold.

        Args:
            options: Of the call, with the device decided.

        Raises:
            UsageError: As said.
        """
        if options.run_timeout is not None:
            raise UsageError(
                "The executor slurm does not end runs that take too long.",
                hint="Leave out --run-timeout, or use --executor workers.",
            )
        if self._config.detach and options.force:
            raise UsageError(
                "A repetition notes which runs are done, for which the call has to stay.",
                hint="Leave out --force, or detach=true.",
            )
        kind, holds = options.device.partition(":")[0], self._config.holds_gpus
        if kind == "cuda" and not holds:
            raise UsageError(
                "The call computes on a GPU, and its tasks would hold none.",
                hint="--executor-option gres=gpu:1 gives each a card; or --device cpu.",
            )
        if kind != "cuda" and holds:
            raise UsageError(
                f"Tasks would hold GPUs, and the call computes on {kind}.",
                hint="Give --device cuda, and --precision where no GPU is here, or leave GPUs out.",
            )

    def __call__(self, job: Job) -> Iterator[RunRecord]:
        """Yield the record of each run as it ends.

        Raises:
            Interrupted: A stop was asked for, and tasks have saved what they were at; or the runs
                were to be handed over and no more.
            UsageError: There is no Slurm, or it refuses.
        """
        job.stop.check()
        together = self._config.together

        def ticket(runs: Sequence[Run]) -> Ticket:
            return _ticket(job.ticket(runs, together=together))

        driver = Driver(job, self._config, ticket)
        if self._config.detach:
            told = driver.hand_over()
            job.emit(Message(told))
            raise Interrupted(f"detach=true ({told})")
        yield from driver.carried_out()


def _ticket(ticket: Ticket) -> Ticket:
    """Give a ticket for tasks that see the GPUs that they hold and no others."""
    if ticket.options.device.partition(":")[0] != "cuda":
        return ticket
    options = replace(ticket.options, device="cuda")
    return ticket.model_copy(update={"options": options})
