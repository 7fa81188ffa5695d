"""What a user can ask of the executor: ``--executor-option KEY=VALUE``."""

from __future__ import annotations

import re

from pydantic import ConfigDict, Field, field_validator

from regene_bench.api import ExecutorConfig

_WORD = r"[^\s\x00-\x1f]*"
_TIME = r"(\d+-\d+(:\d\d?){0,2}|\d+(:\d\d?){0,2})?"
_MEMORY = r"(\d+[KMGT]?)?"
# what the executor says itself; whoever said it twice would part it from its tasks
_OURS = (
    *("-a", "--array", "-J", "--job-name", "-o", "--output", "-e", "--error", "--open-mode"),
    *("--signal", "--parsable", "--requeue", "--no-requeue", "--wrap", "-W", "--wait"),
    *("--test-only", "-h", "--help", "-V", "--version", "-M", "--clusters"),
)


class SlurmConfig(ExecutorConfig):
    """Where tasks of the array run, what each of them holds there, and how long.

    Attributes:
        partition: Of the tasks; Slurm's default where empty.
        account: That is charged; Slurm's default where empty.
        time: That a task may take before it saves and goes back into the queue, in Slurm's forms:
            ``30`` (minutes), ``2:00:00``, ``1-12``. The partition's default where empty.
        cpus_per_task: Cores that a task holds, and threads of torch in it.
        mem: Memory that a task holds, as ``16G``; Slurm's default where empty.
        gres: Other resources that a task holds, as ``gpu:1``.
        at_once: How many tasks may run at once; 0 for as many as Slurm lets.
        runs_per_task: Runs that a task carries out one after the other. Sites allow an array a
            thousand tasks or so (``MaxArraySize``), and a task prepares its call once.
        together: Train runs as one where their method can (sweeps), as ``--executor stacked`` does:
            each such sweep is a task.
        retries: How often a run is tried again whose task was lost; it goes on from its checkpoint.
        requeues: How often a task goes back into the queue, at most, since its time was over.
        warning: Seconds before the end of its time at which a task is told to save, at most half of
            ``time``. Slurm may tell it up to a minute earlier.
        detach: Hand the runs over and end at once, with exit code 130. The same call without it
            watches them, and ``regene-bench attach`` does so without taking part.
        poll: Seconds between two looks at the queue, at most, while nothing happens.
        python: The command that starts Python on the nodes, as
            ``apptainer exec --nv image.sif python``; this interpreter where empty.
        setup: Lines of bash that each task begins with: ``["module load cuda"]``.
        extra: More options of sbatch: ``["--qos=long", "--constraint=a100"]``.
    """

    # account=1234 is a number to whoever reads it from the command line
    model_config = ConfigDict(coerce_numbers_to_str=True)

    partition: str = Field(default="", pattern=f"^{_WORD}$")
    account: str = Field(default="", pattern=f"^{_WORD}$")
    time: str = Field(default="", pattern=f"^{_TIME}$")
    cpus_per_task: int = Field(default=1, ge=1)
    mem: str = Field(default="", pattern=f"^{_MEMORY}$")
    gres: str = Field(default="", pattern=f"^{_WORD}$")
    at_once: int = Field(default=0, ge=0)
    runs_per_task: int = Field(default=1, ge=1)
    together: bool = False
    retries: int = Field(default=3, ge=0)
    requeues: int = Field(default=100, ge=0)
    warning: int = Field(default=90, ge=1, le=65535)
    detach: bool = False
    poll: float = Field(default=15.0, gt=0)
    python: str = ""
    setup: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    @field_validator("python")
    @classmethod
    def _is_a_line(cls, text: str) -> str:
        _check_line(text)
        return text

    @field_validator("setup")
    @classmethod
    def _are_lines(cls, lines: tuple[str, ...]) -> tuple[str, ...]:
        for line in lines:
            _check_line(line)
        return lines

    @field_validator("extra")
    @classmethod
    def _are_options(cls, options: tuple[str, ...]) -> tuple[str, ...]:
        for option in options:
            _check_line(option)
            if not re.match(r"--[a-z]|-[A-Za-z]", option):
                raise ValueError(f"{option!r} is no option of sbatch: write --NAME=VALUE")
            name = option.partition("=")[0] if option.startswith("--") else option[:2]
            if name in _OURS:
                raise ValueError(f"{name} is said by the executor itself")
        return options

    @property
    def holds_gpus(self) -> bool:
        """Whether tasks ask for GPUs, as far as their options say."""
        return any("gpu" in text.lower() for text in (self.gres, *self.extra))

    @property
    def warning_seconds(self) -> int:
        """``warning``, or half of ``time`` where that is less."""
        limit = seconds_of(self.time)
        return self.warning if limit is None else max(1, min(self.warning, limit // 2))


def seconds_of(time: str) -> int | None:
    """Read one of Slurm's times: ``M``, ``M:S``, ``H:M:S``, ``D-H``, ``D-H:M`` or ``D-H:M:S``.

    Returns:
        Seconds; ``None`` for an empty text, and for 0, by which Slurm means no limit.
    """
    if not time:
        return None
    days, dash, rest = time.rpartition("-")
    numbers = [int(number) for number in rest.split(":")]
    if dash:
        hours, minutes, seconds = (*numbers, 0, 0)[:3]
    elif len(numbers) == 3:
        hours, minutes, seconds = numbers
    else:
        hours, (minutes, seconds) = 0, (*numbers, 0)[:2]
    return (int(days or 0) * 24 * 3600 + hours * 3600 + minutes * 60 + seconds) or None


def _check_line(text: str) -> None:
    if any(ord(letter) < 32 and letter != "\t" for letter in text):
        raise ValueError(f"{text!r} is more than one line")
