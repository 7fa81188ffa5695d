"""Contracts of executors: every run is carried out once, and its record comes back.

An executor is given real runs of a method that trains nothing: it notes that it was carried out,
and by which process, and draws grey images. The runs can be carried out in this process, in others
from their tickets, or wherever else the executor works and files of this machine are seen.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from regene_bench.base.errors import Interrupted
from regene_bench.base.events import Sink
from regene_bench.harness.campaign import job_of
from regene_bench.harness.executors.choose import made
from regene_bench.harness.executors.executor import Executor, Job
from regene_bench.harness.options import make_options
from regene_bench.harness.prepare import prepare
from regene_bench.harness.supervisor import RunSupervisor
from regene_bench.leaderboard.record import RunRecord
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.stop import StopRequest
from regene_bench.testing.check import NotApplicable, require
from regene_bench.testing.registration import REGISTRATION_CHECKS

_COUNT = 4
_FAILS = 1
_DIES = 2
_WORKERS = 2
_PROTOCOL = """
name = "check"
version = 1
title = "runs that train nothing"
default_methods = ["real"]
[data]
source = "digits"
channels = 1
height = 8
width = 8
classes = 10
[evaluation]
metrics = ["trials"]
rank_by = "trials_image"
""" + "".join(
    f"[presets.{name}]\nn_generated = 10\nn_reference = 10\n"
    for name in ("quick", "standard", "paper")
)
_METHOD = """
import os

import torch

from regene_bench.api import Generation, Method, MethodConfig, MethodError


class NothingConfig(MethodConfig):
    notes: str
    fails: int
    dies: int


class Grey:
    def __init__(self, shape):
        self.shape = shape

    def generate(self, labels, rng):
        size = (len(labels), self.shape.channels, self.shape.height, self.shape.width)
        return Generation(torch.full(size, 0.5))


class Nothing(Method):
    Config = NothingConfig

    @classmethod
    def preset(cls, preset, shape):
        return {"notes": "", "fails": -1, "dies": -1}

    def fit(self, data, runtime):
        runtime.stop.check()
        with open(self.config.notes, "a", encoding="utf-8") as notes:
            notes.write(f"{runtime.seed} {os.getpid()}\\n")
        if runtime.seed == self.config.dies:
            os._exit(1)
        if runtime.seed == self.config.fails:
            raise MethodError("it fails in every check")
        return Grey(data.shape)

    @classmethod
    def batch_key(cls, config):
        return "all"

    @classmethod
    def fit_batch(cls, configs, data, runtimes):
        return [_fitted(cls(c), data, r) for c, r in zip(configs, runtimes)]


def _fitted(method, data, runtime):
    try:
        return method.fit(data, runtime)
    except MethodError as error:
        return error
"""
Ending = Literal["fails", "dies", "well"]


@dataclass(frozen=True)
class Call:
    """A call of the runs, as an executor sees it.

    Attributes:
        job: What the executor is handed.
        supervisor: Carries runs out in this process.
        notes: The file in which each run notes that it was carried out.
    """

    job: Job
    supervisor: RunSupervisor
    notes: Path

    @property
    def run_ids(self) -> list[str]:
        """Of all runs, sorted."""
        return sorted(run.run_id for run in self.job.runs)

    def carried_out(self) -> list[tuple[int, int]]:
        """Seed and process of each time that a run was carried out, in this order."""
        text = self.notes.read_text(encoding="utf-8") if self.notes.exists() else ""
        lines = [line.split() for line in text.splitlines()]
        return [(int(seed), int(process)) for seed, process in lines]


class ExecutorSubject:
    """What the checks of executors are called with.

    Args:
        entry: The executor's registration.
        folder: An empty folder.
        host: The installed plugins.
        emit: Called with progress.
    """

    def __init__(self, entry: Entry, folder: Path, host: PluginHost, emit: Sink) -> None:
        self.entry = entry
        self._folder = folder
        self._emit = emit

    @cached_property
    def executor(self) -> Executor:
        """What was registered, with the options that it has by default."""
        return made(self.entry, ())

    @cached_property
    def first(self) -> Call:
        """A call of four runs, one of which fails."""
        return self.call("first", "fails")

    @cached_property
    def records(self) -> Sequence[Any]:
        """What it yields for the runs of ``first``; carried out once for all checks."""
        return list(self.executor(self.first.job))

    def call(self, name: str, ending: Ending, stop: StopRequest | None = None) -> Call:
        """Make a call of four runs in a folder; the same folder has the same results.

        Args:
            name: Of the folder.
            ending: Whether one run fails, one ends its process, or neither.
            stop: Of the call.
        """
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        protocol, method, notes = folder / "check.toml", folder / "nothing.py", folder / "notes.txt"
        protocol.write_text(_PROTOCOL, encoding="utf-8")
        method.write_text(_METHOD, encoding="utf-8")
        own = f"{method}:Nothing"
        options = make_options(
            methods=own,
            seeds=_COUNT,
            preset="quick",
            settings={
                own: {
                    "notes": str(notes),
                    "fails": _FAILS if ending == "fails" else -1,
                    "dies": _DIES if ending == "dies" else -1,
                }
            },
            results=folder / "results",
            device="cpu",
            workers=_WORKERS,
            executor="workers",
        )
        campaign = prepare(str(protocol), options, self._emit, stop or StopRequest())
        runs = campaign.runs
        numbers = {run.run_id: number for number, run in enumerate(runs, 1)}
        missing = {run.run_id: campaign.setting.metrics for run in runs}
        supervisor = RunSupervisor(
            campaign.host,
            campaign.setting,
            runs,
            missing,
            numbers=numbers,
            total=len(runs),
            anew=False,
        )
        return Call(job_of(campaign, runs, supervisor), supervisor, notes)


def every_run_has_its_record(subject: ExecutorSubject) -> None:
    """The executor yields the record of every run of the job, and no other.

    Mend: yield what ``job.execute(run)`` returns, or the records that ``carry_out_ticket`` returns
    elsewhere; never build a record of your own.
    """
    for record in subject.records:
        require(isinstance(record, RunRecord), f"it yields {type(record).__name__}: {record!r:.80}")
    found = sorted(record.run_id for record in subject.records)
    asked = subject.first.run_ids
    require(found == asked, f"runs {', '.join(asked)} were asked for; records: {', '.join(found)}")


def every_run_is_carried_out_once(subject: ExecutorSubject) -> None:
    """No run is carried out twice, and none is left out.

    Mend: hand each run to one worker; do not try a failed one again, since its record says that it
    failed.
    """
    yielded = len(subject.records)
    found = sorted(seed for seed, _ in subject.first.carried_out())
    told = ", ".join(map(str, found)) or "none"
    require(found == list(range(_COUNT)), f"carried out: seeds {told}; {yielded} records")


def a_failed_run_does_not_end_the_others(subject: ExecutorSubject) -> None:
    """A run that fails is a record with the status ``failed``, and the other runs go on.

    Mend: do not raise where ``record.status`` is ``"failed"``; the campaign's exit code tells of
    it.
    """
    states = {record.seed: record.status for record in subject.records}
    require(states.get(_FAILS) == "failed", f"the run that fails came back as {states.get(_FAILS)}")
    good = [seed for seed, status in states.items() if status == "ok"]
    require(len(good) == _COUNT - 1, f"of {_COUNT - 1} runs that do not fail {len(good)} ended ok")


def finished_runs_come_back(subject: ExecutorSubject) -> None:
    """Runs that another call has finished meanwhile are not repeated, and their records are there.

    Mend: hand on every record that ``job.execute`` and ``carry_out_ticket`` return: they read what
    is finished. Whoever tries a ticket again after a loss gets the same.
    """
    call, another = subject.call("finished", "well"), subject.call("finished", "well")
    for run in another.job.runs:
        another.supervisor.carry_out_one(run)
    before = another.carried_out()
    found = sorted(record.run_id for record in subject.executor(call.job))
    require(found == call.run_ids, f"{len(found)} records of {_COUNT} runs that were finished")
    repeated = len(another.carried_out()) - len(before)
    require(repeated == 0, f"{repeated} finished runs were carried out again")


def a_lost_process_does_not_end_the_others(subject: ExecutorSubject) -> None:
    """Where a run ends the process that it is carried out in, the other runs go on.

    Mend: have each loss of a process taken for the end of the runs that it held and of no others:
    try them again, or ``job.fail`` them; start another process for the rest.
    """
    if any(process == os.getpid() for _, process in subject.first.carried_out()) or not (
        subject.records and subject.first.carried_out()
    ):
        raise NotApplicable("it carries runs out in this process, which a run must not end here")
    call = subject.call("lost", "dies")
    states = {record.seed: record.status for record in subject.executor(call.job)}
    others = [seed for seed in range(_COUNT) if seed != _DIES]
    left = [seed for seed in others if states.get(seed) != "ok"]
    require(not left, f"seed {_DIES} ended its process; without an ok record: seeds {left}")
    require(states.get(_DIES) != "ok", f"seed {_DIES} has a record that is ok")


def a_stop_is_heeded(subject: ExecutorSubject) -> None:
    """Where a stop was asked for, the executor ends with ``Interrupted`` and begins no more runs.

    Mend: let ``Interrupted`` of ``job.execute`` through; while waiting for other processes call
    ``job.stop.check()``, and tell them to stop before you raise.
    """
    stop = StopRequest()
    call = subject.call("stopped", "well", stop)
    stop.ask("the check")
    try:
        records = list(subject.executor(call.job))
    except Interrupted:
        begun = call.carried_out()
        require(not begun, f"it began {len(begun)} runs")
        return
    require(False, f"it went on, and yielded {len(records)} records")


Subject = ExecutorSubject
CHECKS = (
    *REGISTRATION_CHECKS,
    every_run_has_its_record,
    every_run_is_carried_out_once,
    a_failed_run_does_not_end_the_others,
    finished_runs_come_back,
    a_lost_process_does_not_end_the_others,
    a_stop_is_heeded,
)
