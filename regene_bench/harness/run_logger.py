"""The contract of a logger: it keeps what a run tells where its user watches runs.

A logger is asked for by name (``--log tensorboard``), and one is made for each run, in the process
that carries the run out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from regene_bench.leaderboard.record import ScoreRow


@dataclass(frozen=True)
class LoggedRun:
    """What a logger is told of a run when it begins.

    Attributes:
        run_id: Its id.
        title: What it is called on screens: method, parameters, seed.
        benchmark: The protocol's name.
        preset: ``quick``, ``standard`` or ``paper``.
        method: Name of the method.
        params: All of its parameters, JSON values.
        seed: Seed of training and sampling.
        results: The results folder, for loggers that write files.
    """

    run_id: str
    title: str
    benchmark: str
    preset: str
    method: str
    params: Mapping[str, Any]
    seed: int
    results: Path


class RunLogger(ABC):
    """Keeps what one run tells.

    What it raises is told once and ends the logger, never the run.

    Class attributes:
        library: What it imports, which is looked for before anything runs; nothing if empty.
        extra: The extra of regene-bench that brings the library, if one does.

    Args:
        run: The run that begins.
    """

    library: ClassVar[str] = ""
    extra: ClassVar[str] = ""

    @abstractmethod
    def __init__(self, run: LoggedRun) -> None: ...

    @abstractmethod
    def progress(self, stage: str, done: float, values: Mapping[str, float]) -> None:
        """Keep values of a stage's progress, about twice a second.

        Args:
            stage: ``cgan``, ``classifier``, ``generating``, …
            done: Images (or other units) so far.
            values: Losses by name, and ``per_second``, how fast it goes.
        """

    def samples(self, stage: str, done: float, pixels: np.ndarray) -> None:  # noqa: B027
        """Keep a grid of what would be generated now, a few times in a stage that can tell.

        Nothing is kept where a logger does not say how.

        Args:
            stage: As of ``progress``.
            done: Likewise.
            pixels: uint8 ``[H, W, 3]``, one class a row, with the same draws each time.
        """

    @abstractmethod
    def finish(
        self, status: str, scores: Sequence[ScoreRow], pictures: Mapping[str, Path], why: str
    ) -> None:
        """Keep the end of the run, and close what is open.

        Args:
            status: ``ok``, ``failed`` or ``stopped``.
            scores: Totals and scores per class, those without a value among them.
            pictures: PNG files by name: ``samples``, ``reconstructions``.
            why: Why it failed.
        """
