"""Slurm's own commands, called and read. Nothing here needs its accounting."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from regene_bench.api import UsageError

_SECONDS = 60.0
_LINE = "%j|%i|%T|%r"
_ENDED = frozenset(
    (
        *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL"),
        *("OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"),
    )
)
# A job that submits another one would hand on what it is itself; a user's own filters would hide
# tasks, which would count as lost. What a user says of jobs to be submitted (SBATCH_…) is meant.
_NOT_HANDED_ON = ("SLURM_", "SQUEUE_", "SCANCEL_", "SBATCH_WAIT")
_HANDED_ON = frozenset({"SLURM_CONF", "SLURM_CLUSTERS"})


class Silence(Exception):
    """Slurm did not answer, or refused; the text says what it said."""


class Seen(NamedTuple):
    """A task as the queue shows it.

    Attributes:
        job: What Slurm calls it, ``12_3``.
        state: ``PENDING``, ``RUNNING``, ``CANCELLED``, …
        reason: Why it waits, or how it ended: ``Resources``, ``None``.
    """

    job: str
    state: str
    reason: str

    @property
    def is_live(self) -> bool:
        """Whether it runs or is to run; some minutes long the queue shows ended ones, too."""
        return self.state not in _ENDED


TaskId = tuple[str, int]
"""Name of an array, and the place of a task in it."""


def submit(arguments: Sequence[str]) -> str:
    """Call sbatch.

    Args:
        arguments: Its options and the script.

    Returns:
        The number of the job.

    Raises:
        UsageError: There is no Slurm here, or it refuses.
    """
    try:
        told = _call(["sbatch", "--parsable", *arguments])
    except Silence as error:
        raise UsageError(f"Slurm takes no job: {error}", hint=_hint(str(error))) from None
    # behind a semicolon stands the cluster
    return told.strip().splitlines()[-1].partition(";")[0]


def _hint(said: str) -> str:
    if "array specification" in said:
        return (
            "There are more tasks than the site allows an array (`scontrol show config` says "
            "MaxArraySize): --executor-option runs_per_task=10 has each carry out ten runs."
        )
    if "No such file" in said:
        return "Call where sbatch can be called, or without --executor slurm."
    return "`sinfo` lists partitions; `regene-bench info slurm` lists the executor's options."


def look(names: Iterable[str]) -> Mapping[TaskId, Seen]:
    """Ask the queue for all tasks of some arrays, also for those that ended a moment ago.

    Args:
        names: Of the arrays; the names of jobs.

    Raises:
        Silence: The queue does not answer.
    """
    asked = ",".join(sorted(names))
    if not asked:
        return {}
    told = _call(["squeue", "-h", "-r", "-t", "all", "-n", asked, "-o", _LINE])
    return read(told)


def read(text: str) -> Mapping[TaskId, Seen]:
    """Read lines of squeue, ``name|12_3|PENDING|Resources``; others are passed over."""
    found: dict[TaskId, Seen] = {}
    for line in text.splitlines():
        name, *rest = line.strip().split("|", 3)
        if len(rest) != 3:
            continue
        index = rest[0].partition("_")[2]
        if index.isdecimal():
            found[name, int(index)] = Seen(*rest)
    return found


def save_and_end(jobs: Sequence[str]) -> None:
    """Have running tasks save and end; those that Slurm does not run are left as they are.

    It is not waited for: of tasks that end meanwhile scancel asks again and again, for a minute.
    """
    command = ["scancel", "--batch", "--signal=TERM", "--state=RUNNING", *jobs]

    def ask() -> None:
        with suppress(Silence):
            _call(command)

    if jobs:
        threading.Thread(target=ask, name="save and end", daemon=True).start()


def take_out(jobs: Sequence[str], *, waiting_only: bool = False) -> None:
    """Take tasks out of the queue, or those alone that wait in it.

    Raises:
        Silence: Slurm does not answer.
    """
    if jobs:
        _call(["scancel", *(["--state=PENDING"] if waiting_only else []), *jobs])


def _call(command: Sequence[str]) -> str:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _HANDED_ON or not name.startswith(_NOT_HANDED_ON)
    }
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            env=kept,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Silence(f"{command[0]}: {error}") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise Silence(said[-1] if said else f"{command[0]} ended with code {done.returncode}")
    return done.stdout
