"""What methods and extractors are handed: device, precision, seed, checkpoints, stop, progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from regene_bench.base.events import Event, Progress, Sink, silent
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.device import Precision
from regene_bench.runtime.locks import exclusive
from regene_bench.runtime.random import derive_seed, seeded
from regene_bench.runtime.shared_weights import SharedWeights, Tensors
from regene_bench.runtime.stage_report import StageReport
from regene_bench.runtime.stop import StopRequest

Look = Callable[[str, float, Tensor, Tensor], None]
"""Takes a stage's name, images seen, and what it generates then: images in [0, 1], and labels."""


@dataclass(frozen=True)
class Runtime:
    """Handed to every method and extractor.

    Attributes:
        device: Where tensors live.
        precision: Arithmetic inside ``autocast``; weights stay float32.
        seed: Seed of the run; all draws derive from it by name.
        checkpoints: Where training keeps its state.
        stop: Looked at between steps.
        emit: Takes progress events.
        task: Prefix of the names of progress tasks (``"regene · seed 0"``).
        ledger: Reports of the stages that ended, for the accounts of time and images.
        look: Takes images that are generated while training; ``None`` where nobody watches.
        captured: Whether training steps are captured as graphs where they can be.
        fast: Whether training may take kernels that are not deterministic.
        results: The results folder whose runs are judged, for what judges them; ``None`` where
            there is none, as where images are scored alone.
    """

    device: torch.device
    precision: Precision
    seed: int
    checkpoints: CheckpointStore
    stop: StopRequest = field(default_factory=StopRequest)
    emit: Sink = silent
    task: str = ""
    ledger: list[StageReport] = field(default_factory=list)
    look: Look | None = None
    results: Path | None = None
    captured: bool = False
    fast: bool = False

    def autocast(self) -> AbstractContextManager[Any]:
        """Run a block in the runtime's precision: under torch's autocast, unless it is float32."""
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def seeded(self, *parts: object) -> AbstractContextManager[None]:
        """Run a block under torch's global generators seeded by the run's seed and ``parts``.

        They are as before afterwards. For what draws from them, as the initialisation of layers.
        """
        return seeded(self.seed, *parts)

    def derive_seed(self, *parts: object) -> int:
        """Return a seed for a local generator, from the run's seed and ``parts``.

        The parts name what is drawn: other parts, other draws; the same parts, the same seed.
        """
        return derive_seed(self.seed, *parts)

    def judging_weights(
        self, recipe: str, like: Tensors, make: Callable[[], Tensors], what: str
    ) -> Tensors:
        """Give the weights of what is trained on the benchmark's images to judge runs by.

        All who write to a results folder judge by the same: the first call makes them, under a
        lock, and keeps them there. Where there is no results folder, ``make`` is called.

        Args:
            recipe: Names what is trained, on what data and how; a folder has this name.
            like: Tensors of the names, shapes and types that the weights must have.
            make: Trains the weights, or finds them in a cache.
            what: What a process that makes them is doing, for those who wait for it.

        Raises:
            ResultsError: The folder's runs were judged by weights that are gone, or it cannot be
                written.
            Interrupted: A stop was asked for.
        """
        if self.results is None:
            return make()
        shared = SharedWeights(self.results, recipe)
        found = shared.find(like)
        if found is not None:
            return found
        with exclusive(shared.folder / "lock", what, self.stop, self.emit, needed=False):
            return shared.lend(like, make)

    def progress(
        self,
        task: str,
        done: float,
        total: float | None,
        unit: str = "images",
        values: Mapping[str, float] | None = None,
    ) -> None:
        """Tell how far a piece of work is.

        Args:
            task: What is done; shown behind the runtime's own task.
            done: Units done so far.
            total: Units in all; None where nobody knows.
            unit: What is counted.
            values: Latest losses or scores, by name; tensors of one value, too. What is no number
                is not shown: progress is no reason to fail.
        """
        name = f"{self.task}: {task}" if self.task else task
        shown = {
            key: number
            for key, value in (values or {}).items()
            if (number := _plain(value)) is not None
        }
        units = None if total is None else _number(total)
        self.emit(Progress(name, _number(done) or 0, units, str(unit), shown))

    def tell(self, event: Event) -> None:
        """Pass an event on."""
        self.emit(event)

    def named(self, task: str) -> Runtime:
        """The same runtime with another progress prefix."""
        return replace(self, task=task)


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) else _plain(value)


def _plain(value: Any) -> float | None:
    with suppress(Exception):
        return float(value.item() if hasattr(value, "item") else value)
    return None
