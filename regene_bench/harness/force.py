"""``--force`` in several calls: what a repetition that was interrupted has still to repeat."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from regene_bench.base.files import write_atomically
from regene_bench.base.hashing import stable_id


class Repetition:
    """The runs that are to be repeated, on disk until the last one is.

    The same selection of runs is the same repetition, so that the command which was interrupted,
    typed again, goes on where it was, and another selection repeats all of its own.

    Args:
        results: The results folder.
        run_ids: All runs of the call.
    """

    def __init__(self, results: Path, run_ids: Sequence[str]) -> None:
        self._file = results / ".repeating" / f"{stable_id(sorted(run_ids))}.json"
        self._left = self._interrupted() or list(run_ids)
        self.goes_on = len(self._left) < len(run_ids)

    @property
    def left(self) -> frozenset[str]:
        """Ids of the runs that are still to be repeated."""
        return frozenset(self._left)

    def begin(self) -> None:
        """Note all that is left."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._file, json.dumps(self._left).encode())

    def done(self, run_id: str) -> None:
        """Note that a run was repeated."""
        self._left = [other for other in self._left if other != run_id]
        if self._left:
            self.begin()
        else:
            self._file.unlink(missing_ok=True)

    def _interrupted(self) -> list[str]:
        try:
            found = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return []
        return found if isinstance(found, list) else []
