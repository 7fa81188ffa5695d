"""The executor ``slurm``: runs are tasks of a job array, and this process looks how they fare.

What a task needs is a ticket in a file, and what it brings is the run's part in the results folder
and a note of its end. So this process may go away at any time: the array goes on, and whoever
makes the same call again finds its tasks in the queue and takes their part from there. The results
folder and the data have to be seen from all nodes at the same paths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from regene_bench.api import Interrupted, Job, Message, Run, RunRecord, Ticket, UsageError
from regene_bench_slurm.config import SlurmConfig
from regene_bench_slurm.driver import Driver


class SlurmExecutor:
    """Carries out runs as tasks of a job array."""

    Config = SlurmConfig

    def __init__(self, config: SlurmConfig) -> None:
        self._config = config

    def __call__(self, job: Job) -> Iterator[RunRecord]:
        """Yield the record of each run as it ends.

        Raises:
            Interrupted: A stop was asked for, and tasks have saved what they were at; or the runs
                were to be handed over and no more.
            UsageError: There is no Slurm, or the call has limits that no task can keep.
        """
        if job.options.run_timeout is not None:
            raise UsageError(
                "The executor slurm does not end runs that take too long.",
                hint="Leave out --run-timeout, or use --executor workers.",
            )
        if self._config.detach and job.options.force:
            raise UsageError(
                "A repetition notes which runs are done, for which the call has to stay.",
                hint="Leave out --force, or detach=true.",
            )
        job.stop.check()
        config = self._config

        def ticket(runs: Sequence[Run]) -> Ticket:
            return ticket_for_nodes(job, config, runs)

        driver = Driver(job, config, ticket)
        if config.detach:
            told = driver.hand_over()
            job.emit(Message(told))
            raise Interrupted(f"detach=true ({told})")
        yield from driver.carried_out()


def ticket_for_nodes(job: Job, config: SlurmConfig, runs: Sequence[Run]) -> Ticket:
    """Write down runs for tasks that see the GPUs that they hold and no others.

    Raises:
        UsageError: The tasks compute on a GPU and hold none, or the other way round; or it is not
            said in which precision they compute.
    """
    ticket = job.ticket(runs, together=config.together)
    here = ticket.options.device.partition(":")[0]
    kind = config.device or here
    if kind != here and job.options.precision == "auto":
        raise UsageError(
            f"Tasks would compute on {kind}, and this machine on {here}: in which precision?",
            hint="Give --precision bfloat16 or --precision float32.",
        )
    holds = any("gpu" in text.lower() for text in (config.gres, *config.extra))
    if kind == "cuda" and not holds:
        raise UsageError(
            "The call computes on a GPU, and its tasks would hold none.",
            hint="--executor-option gres=gpu:1 gives each a card; or --device cpu.",
        )
    if kind != "cuda" and holds:
        raise UsageError(
            f"Tasks would hold GPUs, and the call computes on {kind}.",
            hint="--executor-option device=cuda with --precision bfloat16 or float32, where this "
            "machine has none; or leave GPUs out.",
        )
    if kind not in ("cpu", "cuda"):
        raise UsageError(
            f"The call computes on {kind}, which no node of Slurm's has.",
            hint="Give --device cpu, or --executor-option device=cuda with --precision.",
        )
    return ticket.model_copy(update={"options": replace(ticket.options, device=kind)})
