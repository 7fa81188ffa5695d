"""The executor ``ray``: each run, or each group that trains as one, is a task of a cluster.

Ray decides where and when tasks run, and tries one again whose worker or node is lost: the run goes
on from its checkpoint, and what was finished is read. The results folder and the data have to be
seen from all nodes at the same paths.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from regene_bench.api import (
    Interrupted,
    Job,
    LostProcessError,
    Message,
    RegeneBenchError,
    Run,
    RunOptions,
    RunRecord,
    UsageError,
    trained_together,
)
from regene_bench_ray.channel import Channel
from regene_bench_ray.cluster import joined
from regene_bench_ray.config import RayConfig
from regene_bench_ray.task import carry_out

_WAIT = 0.2


class RayExecutor:
    """Carries out runs as tasks of a Ray cluster."""

    Config = RayConfig

    def __init__(self, config: RayConfig) -> None:
        self._config = config

    @property
    def elsewhere(self) -> bool:
        """Whether this machine is none of those that carry runs out, as far as one can tell."""
        return bool(self._config.address)

    def check(self, options: RunOptions) -> None:
        """Refuse limits that no task can keep, and a device that tasks would not hold.

        Args:
            options: Of the call, with the device decided.

        Raises:
            UsageError: It is asked for one of these.
        """
        if options.run_timeout is not None:
            raise UsageError(
                "The executor ray does not end runs that take too long.",
                hint="Leave out --run-timeout, or use --executor workers.",
            )
        kind = options.device.partition(":")[0]
        if kind == "cuda" and self._config.num_gpus == 0:
            raise UsageError(
                "The call computes on a GPU, and its tasks would hold none.",
                hint="--executor-option num_gpus=1 gives each a card, 0.5 a half; or --device cpu.",
            )
        if kind != "cuda" and self._config.num_gpus > 0:
            raise UsageError(
                f"Tasks would hold GPUs, and the call computes on {kind}.",
                hint="Give --device cuda, and --precision where no GPU is here, or leave num_gpus "
                "out."
                if self._config.address
                else "Leave num_gpus out: without an address the cluster is this machine.",
            )

    def __call__(self, job: Job) -> Iterator[RunRecord]:
        """Yield the record of each run as it ends.

        Raises:
            Interrupted: A stop was asked for; tasks have saved what they were at.
            UsageError: There is no cluster.
        """
        job.stop.check()
        ticket = _ticket(job, self._config)
        with joined(self._config):
            _warn_of_what_nobody_has(job, self._config)
            yield from _Tasks(job, self._config, ticket).carried_out()


def _ticket(job: Job, config: RayConfig) -> str:
    """The job's runs as JSON, for tasks that see the GPUs that they hold and no others."""
    ticket = job.ticket(job.runs, together=config.together)
    if ticket.options.device.partition(":")[0] == "cuda":
        options = replace(ticket.options, device="cuda")
        ticket = ticket.model_copy(update={"options": options})
    return ticket.model_dump_json()


def _warn_of_what_nobody_has(job: Job, config: RayConfig) -> None:
    """Say that tasks will wait where no node has what one of them holds."""
    wanted = {"CPU": config.num_cpus, "GPU": config.num_gpus}
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(all(node.get(k, 0) >= n for k, n in wanted.items()) for node in nodes):
        told = ", ".join(f"{number:g} {name}" for name, number in wanted.items() if number)
        text = f"No node of the cluster has {told}: runs wait until one joins."
        job.emit(Message(text, "warning"))


class _Tasks:
    """The tasks of a job that have not ended."""

    def __init__(self, job: Job, config: RayConfig, ticket: str) -> None:
        self._job = job
        self._cpus = config.num_cpus
        self._stopped_at: float | None = None
        self._error: RegeneBenchError | None = None
        beside = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self._channel: Any = (
            ray.remote(Channel).options(num_cpus=0, scheduling_strategy=beside).remote()
        )
        self._task = ray.remote(
            num_cpus=config.num_cpus,
            num_gpus=config.num_gpus,
            max_retries=config.retries,
            # a process that has used one card cannot go over to another
            max_calls=1 if config.num_gpus else 0,
        )(carry_out)
        self._ticket = ray.put(ticket)
        self._left: dict[Any, Sequence[Run]] = {}
        groups = trained_together(job.runs) if config.together else [[run] for run in job.runs]
        for group in groups:
            self._submit(group)

    def carried_out(self) -> Iterator[RunRecord]:
        try:
            while self._left:
                ended, _ = ray.wait(list(self._left), timeout=_WAIT)
                self._pass_on_events()
                for reference in ended:
                    yield from self._taken(reference)
                self._mind_a_stop()
            self._pass_on_events()
        finally:
            for reference in self._left:
                ray.cancel(reference, force=True)
        if self._error is not None:
            raise self._error
        if self._job.stop.reason:
            raise Interrupted(self._job.stop.reason)

    def _submit(self, runs: Sequence[Run]) -> None:
        run_ids = [run.run_id for run in runs]
        self._left[self._task.remote(self._ticket, run_ids, self._channel, self._cpus)] = runs

    def _pass_on_events(self) -> None:
        for event in ray.get(self._channel.told.remote()):
            self._job.emit(event)

    def _taken(self, reference: Any) -> Iterator[RunRecord]:
        """The records of a task that has ended, or of runs that were lost with it."""
        runs = self._left.pop(reference)
        try:
            records = ray.get(reference)
        except RayTaskError as error:
            if isinstance(error.cause, RegeneBenchError):
                # what keeps one from carrying on keeps the others, who save what they are at
                self._error = self._error or error.cause
                self._stop(str(error.cause))
                return
            yield from self._lost(runs, error)
            return
        except RayError as error:
            yield from self._lost(runs, error)
            return
        yield from records

    def _lost(self, runs: Sequence[Run], error: RayError) -> Iterator[RunRecord]:
        if self._stopped_at is not None:
            return
        lines = str(error).strip().splitlines()
        why = lines[-1] if lines else type(error).__name__
        for run in runs:
            record = self._job.fail(run, LostProcessError(f"Its task was lost: {why}"), "")
            if record is None:  # another call is at work on it, and this one waits for that
                self._submit([run])
            else:
                yield record

    def _mind_a_stop(self) -> None:
        reason = self._job.stop.reason
        if reason is not None:
            self._stop(reason)
        patience = self._job.stop.grace
        if self._stopped_at is not None and time.monotonic() - self._stopped_at > patience:
            raise self._error or Interrupted(str(reason))

    def _stop(self, reason: str) -> None:
        """Have all tasks save what they are at, once."""
        if self._stopped_at is None:
            self._stopped_at = time.monotonic()
            ray.get(self._channel.stop.remote(reason))
