"""The folder of a job array: its tickets, its script, and what its tasks leave there.

``RESULTS/slurm/NAME`` has ``ticket-0.json`` and so on, ``array.sh``, ``log-0.txt`` and so on, and
``ended-0.json`` once a task has ended by itself. Slurm knows the array by the same name, so that
whoever comes later, or comes back, finds its tasks in the queue without a number.
"""

from __future__ import annotations

import json
import secrets
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from regene_bench.api import Ticket, UsageError
from regene_bench_slurm.config import SlurmConfig
from regene_bench_slurm.task import Note, note_path, ticket_path

_FOLDER = "slurm"
_NAME = "regene-bench-"
_OVER = "over"
_SCRIPT = "array.sh"


@dataclass(frozen=True)
class Array:
    """A job array.

    Attributes:
        folder: Where its files are.
    """

    folder: Path

    @property
    def name(self) -> str:
        """What Slurm calls its job."""
        return self.folder.name

    def ticket(self, index: int) -> Ticket:
        """Read the ticket of a task.

        Raises:
            OSError: It is not there.
            ValueError: It is no ticket of this version.
        """
        return Ticket.model_validate_json(ticket_path(self.folder, index).read_text("utf-8"))

    def note(self, index: int) -> Note | None:
        """Read what a task has left at its end; ``None`` while there is nothing."""
        try:
            return Note(**json.loads(note_path(self.folder, index).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def log(self, index: int) -> Path:
        """What a task has printed."""
        return self.folder / f"log-{index}.txt"

    def is_over(self) -> bool:
        """Tell whether the queue need not be asked for it any more."""
        return (self.folder / _OVER).exists()

    def close(self) -> None:
        """Note that none of its tasks is in the queue."""
        (self.folder / _OVER).touch()


def folder_of_arrays(results: Path) -> Path:
    """Where arrays of a results folder have their folders."""
    return results / _FOLDER


def open_arrays(results: Path) -> list[Array]:
    """Arrays that may have tasks in the queue, the oldest first."""
    folders = folder_of_arrays(results).glob(f"{_NAME}*")
    return [array for array in map(Array, sorted(folders)) if not array.is_over()]


def write_array(
    results: Path, tickets: Sequence[Ticket], config: SlurmConfig
) -> tuple[Array, list[str]]:
    """Write the files of a new array.

    Args:
        results: The results folder, absolute.
        tickets: One a task.
        config: What its tasks hold.

    Returns:
        The array, and the arguments of sbatch.

    Raises:
        UsageError: Slurm could not read the folder's name.
    """
    folder = folder_of_arrays(results) / f"{_NAME}{secrets.token_hex(4)}"
    if any(letter in str(folder) for letter in "\n\r\\"):
        raise UsageError(
            f"The folder {str(folder)!r} has a name that Slurm reads otherwise.",
            hint="Give --results a name without line breaks and backslashes.",
        )
    folder.mkdir(parents=True)
    for index, ticket in enumerate(tickets):
        ticket_path(folder, index).write_text(ticket.model_dump_json(), encoding="utf-8")
    arguments = sbatch_arguments(folder, len(tickets), config)
    script = folder / _SCRIPT
    script.write_text(script_text(folder, arguments, config), encoding="utf-8")
    return Array(folder), [*arguments, str(script)]


def sbatch_arguments(folder: Path, count: int, config: SlurmConfig) -> list[str]:
    """Give sbatch's options: as arguments, no text of a user's can be read as anything else.

    Args:
        folder: Of the array.
        count: Of its tasks.
        config: What they hold.
    """
    limit = f"%{config.at_once}" if config.at_once else ""
    # Slurm puts numbers in the place of letters behind a percent sign
    log = f"{str(folder).replace('%', '%%')}/log-%a.txt"
    values = {
        "partition": config.partition,
        "account": config.account,
        "time": config.time,
        "mem": config.mem,
        "gres": config.gres,
    }
    return [
        f"--job-name={folder.name}",
        f"--array=0-{count - 1}{limit}",
        f"--output={log}",
        "--open-mode=append",
        "--requeue",
        f"--signal=B:USR1@{config.warning_seconds}",
        f"--cpus-per-task={config.cpus_per_task}",
        *(f"--{name}={value}" for name, value in values.items() if value),
        *config.extra,
    ]


def script_text(folder: Path, arguments: Sequence[str], config: SlurmConfig) -> str:
    """Write the script of all tasks.

    Args:
        folder: Of the array.
        arguments: Of sbatch, which are told to whoever reads it.
        config: How Python is started.
    """
    python = shlex.split(config.python) or [sys.executable]
    # -P: as by the command regene-bench, nothing is imported from where the call was made
    module = ("-P", "-m", "regene_bench_slurm.task")
    command = [*python, *module, str(folder), str(config.requeues)]
    lines = [
        "#!/bin/bash",
        f"# sbatch {shlex.join(arguments)} {_SCRIPT}",
        # A warning that comes before the task can heed it would end it; the task heeds it again
        "trap '' USR1",
        *config.setup,
        # Slurm warns the process of the script, which is the task then
        f"exec {shlex.join(command)}",
    ]
    return "\n".join(lines) + "\n"
