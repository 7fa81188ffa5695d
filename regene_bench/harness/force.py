"""``--force``: repeating finished runs, in as many calls as it takes.

A repetition that was interrupted goes on where it was when the same command is typed again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from regene_bench.base.files import write_atomically
from regene_bench.base.hashing import stable_id
from regene_bench.harness.run import checkpoint_folder
from regene_bench.leaderboard.parts import part_path
from regene_bench.plan.runs import Run


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
        self._left = self._interrupted() or list(run_ids)
        self.goes_on = len(self._left) < len(run_ids)

    @property
    def left(self) -> frozenset[str]:
        """Ids of the runs that are still to be repeated."""
        return frozenset(self._left)

    def begin(self, runs: Sequence[Run]) -> None:
        """Note all that is left, and forget how the runs were trained.

        Args:
            runs: Those that are left.
        """
        self._note()
        for run in runs:
            part = part_path(self._results, run.benchmark.name, run.run_id)
            forget_training(checkpoint_folder(self._results, run.run_id), part)

    def done(self, run_id: str) -> None:
        """Note that a run was repeated."""
        self._left = [other for other in self._left if other != run_id]
        if self._left:
            self._note()
        else:
            self._file.unlink(missing_ok=True)

    def _note(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._file, json.dumps(self._left).encode())

    def _interrupted(self) -> list[str]:
        try:
            found = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return []
        return found if isinstance(found, list) else []


def forget_training(checkpoints: Path, part: Path) -> None:
    """Remove the checkpoints of a run that ended, so that repeating it trains anew.

    Checkpoints younger than the run's part are of a repetition that was interrupted: they stay, and
    the repetition goes on.
    """
    if not (checkpoints.exists() and part.exists()):
        return
    newest = max((file.stat().st_mtime_ns for file in checkpoints.iterdir()), default=0)
    if newest <= part.stat().st_mtime_ns:
        shutil.rmtree(checkpoints)
