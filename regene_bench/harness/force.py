"""``--force``: repeating finished runs, in as many calls as it takes.

A repetition that was interrupted goes on where it was when the same command is typed again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from regene_bench.base.disk import told_of_disk
from regene_bench.base.files import sweep_abandoned, write_atomically
from regene_bench.base.hashing import stable_id
from regene_bench.harness.run_folders import CHECKPOINTS, LOCK, run_folder
from regene_bench.leaderboard.parts import ended_runs
from regene_bench.leaderboard.places import part_path
from regene_bench.plan.runs import Run
from regene_bench.runtime.locks import held_if_free


class Repetition:
    """The runs that are to be repeated, on disk until the last one is.

    The same selection of runs is the same repetition, so that the command which was interrupted,
    typed again, goes on where it was, and another selection repeats all of its own.

    Args:
        results: The results folder.
        run_ids: All runs of the call.
    """

    def __init__(self, results: Path, run_ids: Sequence[str]) -> None:
        self._results = results
        self._file = results / ".repeating" / f"{stable_id(sorted(run_ids))}.json"
        left, self._forgotten = self._interrupted()
        # a damaged id is of no run: it would stay for ever, and its run would not be repeated
        self._left = left if left and set(left) <= set(run_ids) else list(run_ids)
        self.goes_on = len(self._left) < len(run_ids)

    @property
    def left(self) -> frozenset[str]:
        """Ids of the runs that are still to be repeated."""
        return frozenset(self._left)

    def begin(self, runs: Sequence[Run]) -> None:
        """Note all that is left, and forget how the runs were trained, once in a repetition.

        What a repetition that was interrupted has trained so far stays. Which runs it has forgotten
        stands in its own file, which goes wherever the results go.

        Args:
            runs: Those that are left.

        Raises:
            ResultsError: The results folder cannot be written to.
        """
        self._note()
        ended = {
            name: ended_runs(self._results, name) for name in {run.benchmark.name for run in runs}
        }
        for run in runs:
            if run.run_id not in self._forgotten:
                part = part_path(self._results, run.benchmark.name, run.run_id)
                has_ended = part.exists() or run.run_id in ended[run.benchmark.name]
                forget_training(run_folder(self._results, run.run_id), has_ended=has_ended)
        self._forgotten |= {run.run_id for run in runs}
        self._note()

    def done(self, run_id: str) -> None:
        """Note that a run was repeated."""
        self._left = [other for other in self._left if other != run_id]
        if self._left:
            self._note()
        else:
            with told_of_disk("remove", self._file):
                self._file.unlink(missing_ok=True)

    def _note(self) -> None:
        noted = {"left": self._left, "forgotten": sorted(self._forgotten & set(self._left))}
        with told_of_disk("write", self._file):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            sweep_abandoned(self._file.parent)
            write_atomically(self._file, json.dumps(noted).encode())

    def _interrupted(self) -> tuple[list[str], set[str]]:
        """What is left of an interrupted repetition, and of which the training was forgotten."""
        try:
            match json.loads(self._file.read_text()):
                # older versions did not note what they had forgotten
                case list(left) | {"left": list(left), "forgotten": []}:
                    return list(map(str, left)), set()
                case {"left": list(left), "forgotten": list(forgotten)}:
                    return list(map(str, left)), set(map(str, forgotten))
        except (OSError, ValueError):
            pass
        return [], set()


def forget_training(folder: Path, *, has_ended: bool) -> None:
    """Remove the checkpoints of a run that has ended, so that repeating it trains anew.

    A run that has not ended goes on. One that another process is at work on is left
    to it; what that process makes of it is new.

    Args:
        folder: The run's.
        has_ended: Whether it has a part, or stands in a file of many runs.

    Raises:
        ResultsError: They cannot be removed.
    """
    checkpoints = folder / CHECKPOINTS
    if not (checkpoints.exists() and has_ended):
        return
    with told_of_disk("remove", checkpoints), held_if_free(folder / LOCK) as held:
        if held:
            shutil.rmtree(checkpoints)
