"""How long a job of a scheduler may still run: what ``--time-limit auto`` means."""

from __future__ import annotations

import os
import re
import subprocess

from regene_bench.base.errors import UsageError

_JOB = "SLURM_JOB_ID"
_ARRAY, _TASK = "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID"
_ASK_SECONDS = 60.0
_FORM = re.compile(r"(?:(?P<days>\d+)-)?(?:(?P<hours>\d+):)?(?:(?P<minutes>\d+):)?(?P<seconds>\d+)")
_HINT = "Give a time, as --time-limit 9m, or none."


def seconds_left(grace: float) -> float | None:
    """Ask Slurm how long the job that this process belongs to may still run.

    The job's variable of its end is missing in older versions, so that ``squeue`` is asked.

    Args:
        grace: Seconds to keep for saving, at most a half of what is left.

    Returns:
        Seconds until training should be saved; ``None`` for a job without a limit.

    Raises:
        UsageError: This is no job of Slurm's, or Slurm does not say.
    """
    job = os.environ.get(_JOB, "")
    if not job:
        raise UsageError(
            f"--time-limit auto asks Slurm, and this is no job of it (${_JOB} is not set).",
            hint=_HINT,
        )
    # one task of an array has the number of the whole array, which would list all of them
    if array := os.environ.get(_ARRAY, ""):
        job = f"{array}_{os.environ.get(_TASK, '')}"
    command = ["squeue", "-h", "-j", job, "-o", "%L"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_ASK_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(
            f"--time-limit auto: {' '.join(command)} did not answer ({error}).", hint=_HINT
        ) from None
    told = done.stdout.strip()
    if told in ("UNLIMITED", "NOT_SET"):
        return None
    left = _seconds(told)
    if left is None:
        raise UsageError(
            f"--time-limit auto: {' '.join(command)} answered {told!r}, no time.", hint=_HINT
        )
    return max(left - grace, left / 2, 1.0)


def _seconds(text: str) -> float | None:
    """Read ``2-03:04:05``, ``03:04:05``, ``04:05`` or ``5``; ``None`` if it is none of them."""
    match = re.fullmatch(_FORM, text)
    if match is None:
        return None
    parts = {name: int(value or 0) for name, value in match.groupdict().items()}
    # without a colon between them the first of two numbers is of minutes
    if text.count(":") == 1 and match["minutes"] is None:
        parts["minutes"], parts["hours"] = parts["hours"], 0
    hours = 24 * parts["days"] + parts["hours"]
    return float(3600 * hours + 60 * parts["minutes"] + parts["seconds"])
