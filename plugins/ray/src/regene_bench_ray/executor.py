"""The executor ``ray``: each run, or each group that trains as one, is a task of a cluster.

Ray decides where and when tasks run, and tries one again whose worker or node is lost: the run goes
on from its checkpoint, and what was finished is read. The results folder and the data have to be
seen from all nodes at the same paths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from regene_bench.api import (
    Interrupted,
    Job,
    LostProcessError,
    RegeneBenchError,
    Run,
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

    def __call__(self, job: Job) -> Iterator[RunRecord]:
        """Yield the record of each run as it ends.

        Raises:
            Interrupted: A stop was asked for; tasks have saved what they were at.
            UsageError: There is no cluster, or the call has limits that no task can keep.
        """
        if job.options.run_timeout is not None:
            raise UsageError(
                "The executor ray does not end runs that take too long.",
                hint="Leave out --run-timeout, or use --workers.",
            )
        job.stop.check()
        with joined(self._config):
            yield from _Tasks(job, self._config).carried_out()


class _Tasks:
    """The tasks of a job that have not ended."""

    def __init__(self, job: Job, config: RayConfig) -> None:
        self._job = job
        self._told_to_stop = False
        beside = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self._channel: Any = (
            ray.remote(Channel).options(num_cpus=0, scheduling_strategy=beside).remote()
        )
        task = ray.remote(carry_out).options(
            num_cpus=config.num_cpus, num_gpus=config.num_gpus, max_retries=config.retries
        )
        ticket = ray.put(job.ticket(job.runs, together=config.together).model_dump_json())
        groups = trained_together(job.runs) if config.together else [[run] for run in job.runs]
        self._left: dict[Any, Sequence[Run]] = {}
        for group in groups:
            run_ids = [run.run_id for run in group]
            self._left[task.remote(ticket, run_ids, self._channel, config.num_cpus)] = group

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
        if self._job.stop.reason:
            raise Interrupted(self._job.stop.reason)

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
                raise error.cause from None
            raise
        except RayError as error:
            yield from self._lost(runs, error)
            return
        yield from records

    def _lost(self, runs: Sequence[Run], error: RayError) -> Iterator[RunRecord]:
        if self._told_to_stop:
            return
        lines = str(error).strip().splitlines()
        why = lines[0] if lines else type(error).__name__
        for run in runs:
            lost = LostProcessError(f"Its worker was lost, and so were those that tried it: {why}")
            record = self._job.fail(run, lost, "")
            if record is not None:
                yield record

    def _mind_a_stop(self) -> None:
        stop = self._job.stop
        if stop.reason is None:
            return
        if not self._told_to_stop:
            self._told_to_stop = True
            ray.get(self._channel.stop.remote(stop.reason))
        elif stop.seconds_since() > stop.grace:
            raise Interrupted(stop.reason)
