"""Telling what becomes of the arrays of a results folder, for whoever looks at them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

from regene_bench.api import UsageError
from regene_bench_slurm import slurm
from regene_bench_slurm.array import Array, open_arrays
from regene_bench_slurm.slurm import Seen, Silence, TaskId
from regene_bench_slurm.words import told_states

_ALL_WELL, _NOT_ALL = 0, 3


def watch(results: Path, poll: float) -> int:
    """Print where tasks are, whenever that changes, until none is in the queue.

    Args:
        results: The results folder.
        poll: Seconds between two looks.

    Returns:
        0 if all tasks that were watched have ended well, else 3.

    Raises:
        UsageError: There is no such folder, or the queue does not answer.
    """
    if not results.is_dir():
        raise UsageError(f"There is no folder {results}.", hint="Give the results folder.")
    arrays = open_arrays(results)
    told, watched = "", dict[TaskId, Seen]()
    while True:
        try:
            seen = slurm.look(array.name for array in arrays)
        except Silence as error:
            raise UsageError(
                f"Slurm does not say what is in its queue: {error}",
                hint="`squeue` and `sinfo` say whether it is there.",
            ) from None
        live = {key: task for key, task in seen.items() if task.is_live}
        watched |= live
        text = told_states(Counter(task.state.lower() for task in live.values()))
        if text != told:
            typer.echo(f"{time.strftime('%H:%M:%S')} {text or 'none is in the queue any more'}")
            told = text
        if not live:
            break
        time.sleep(poll)
    return _summed_up(results, arrays, watched)


def _summed_up(results: Path, arrays: Sequence[Array], watched: Mapping[TaskId, Seen]) -> int:
    """Say how the watched tasks ended."""
    if not watched:
        typer.echo(f"No run of {results} is in Slurm's queue.")
        return _ALL_WELL
    by_name = {array.name: array for array in arrays}
    code = _ALL_WELL
    for (name, index), task in sorted(watched.items()):
        note = by_name[name].note(index)
        if note is None or note.code != 0:
            code = _NOT_ALL
            how = f"exit code {note.code}" if note else "it left no note of its end"
            typer.echo(f"{task.job}: {how}; {by_name[name].log(index)}")
    typer.echo(f"{len(watched)} tasks have ended. `regene-bench leaderboard` shows what is there,")
    typer.echo("and the call that handed them over goes on with what is missing.")
    return code
