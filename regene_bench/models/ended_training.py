"""Checkpoints of a training that has ended: they are read, and nothing is trained or written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from regene_bench.base.errors import ResultsError
from regene_bench.runtime.checkpoints import CheckpointStore

FOLDER = "checkpoints"


class EndedTraining(CheckpointStore):
    """A folder of the checkpoints of stages that have ended.

    A method that misses one would train it, for hours perhaps, where a model was only to be loaded.
    Made with an interval of 0, it ends a training that begins all the same (networks of another
    shape) at its first step.
    """

    def load(self, name: str, damaged: Callable[[str], None] | None = None) -> Any:
        """Read a checkpoint to the CPU; nobody is told of damage in any other way than by an error.

        Raises:
            ResultsError: It is not there, damaged, or of a training that has not ended.
        """
        reasons: list[str] = []
        state = super().load(name, reasons.append)
        if state is None or (isinstance(state, dict) and not state.get("done", True)):
            damage = f"is damaged: {reasons[0]}" if reasons else "is not there"
            what = damage if state is None else "is of an unfinished training"
            raise ResultsError(
                f"The checkpoint {name!r} in {self.folder} {what}.",
                hint="`regene-bench run` with --force trains the run again; `regene-bench show RUN`"
                " says with which parameters.",
            )
        return state

    def save(self, name: str, state: Any) -> None:
        """Refuse: a loaded model is not trained.

        Raises:
            ResultsError: Always.
        """
        raise ResultsError(
            f"The checkpoint {name!r} in {self.folder} does not fit the installed method.",
            hint="Install the version of the method's distribution that model.json names.",
        )
