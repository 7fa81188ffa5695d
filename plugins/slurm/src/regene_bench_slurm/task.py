"""What a task of the array does on its node: carry a ticket out, and go back into the queue.

The ticket is carried out by a child, ``regene-bench carry-out``, which saves where nothing is lost
when it is signalled. This process hears Slurm's warnings and hands them on; when the child has
saved and it was the task's time that ended, it has the task queued again. Nothing heavy is imported
here: a warning may come at any moment.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

_INTERRUPTED = 130
_CODE = "from regene_bench.cli.entry import main; main()"


@dataclass(frozen=True)
class Note:
    """What a task leaves at its end.

    Attributes:
        code: The exit code of ``regene-bench carry-out``; negative for a signal that ended it.
        warned: Its time was over and it has saved, and it was not queued again.
        restarts: How often Slurm had started it again by then.
    """

    code: int
    warned: bool = False
    restarts: int = 0


def ticket_path(folder: Path, index: int) -> Path:
    """Where the ticket of a task lies."""
    return folder / f"ticket-{index}.json"


def note_path(folder: Path, index: int) -> Path:
    """Where a task says how it ended."""
    return folder / f"ended-{index}.json"


def carry_out(folder: Path, requeues: int) -> int:
    """Carry out the ticket of this task of the array.

    Args:
        folder: Of the array.
        requeues: How often it may go back into the queue at the end of its time.

    Returns:
        The exit code of the task.
    """
    index = int(os.environ["SLURM_ARRAY_TASK_ID"])
    restarts = int(os.environ.get("SLURM_RESTART_COUNT") or 0)
    # what an earlier try has left; another node may have it in its cache
    note_path(folder, index).unlink(missing_ok=True)
    child: subprocess.Popen[bytes] | None = None
    heard: set[int] = set()

    def hand_on(number: int, frame: FrameType | None) -> None:
        heard.add(number)
        if child is not None:
            # Slurm may have sent SIGTERM to the child, too, and a second one would end it at once;
            # SIGUSR1 asks it to save however often it comes
            child.send_signal(signal.SIGUSR1)

    signal.signal(signal.SIGUSR1, hand_on)
    signal.signal(signal.SIGTERM, hand_on)
    cores = os.environ.get("SLURM_CPUS_PER_TASK", "1")
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", _CODE, "carry-out", str(ticket_path(folder, index))],
        env=os.environ | {"OMP_NUM_THREADS": cores},
    )
    if heard:
        child.send_signal(signal.SIGUSR1)
    code = child.wait()
    # a warning that came before it could heed one has ended it, and there was nothing to save
    if heard and code in (-signal.SIGUSR1, -signal.SIGTERM):
        code = _INTERRUPTED
    # SIGTERM comes with the end: somebody has cancelled the task, or Slurm queues it again itself
    warned = code == _INTERRUPTED and heard == {signal.SIGUSR1}
    if warned and restarts < requeues and _queued_again(index):
        return code
    _write(note_path(folder, index), Note(code, warned, restarts))
    return code if code >= 0 else 128 - code


def _queued_again(index: int) -> bool:
    # the number of the last task is that of the whole array, all of which would be queued again
    job = f"{os.environ['SLURM_ARRAY_JOB_ID']}_{index}"
    try:
        return subprocess.run(["scontrol", "requeue", job], check=False).returncode == 0
    except OSError as error:
        print(f"scontrol requeue {job}: {error}", file=sys.stderr)
        return False


def _write(path: Path, note: Note) -> None:
    whole = path.with_suffix(".tmp")
    whole.write_text(json.dumps(asdict(note)), encoding="utf-8")
    whole.replace(path)


if __name__ == "__main__":
    sys.exit(carry_out(Path(sys.argv[1]), int(sys.argv[2])))
