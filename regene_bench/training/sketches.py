"""Images that a stage would generate while it trains, for who watches; nothing else sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from regene_bench.base.events import Message
from regene_bench.base.text import text_of
from regene_bench.runtime.process_state import kept_process_state
from regene_bench.runtime.runtime import Runtime
from regene_bench.training.stage import Stage

SKETCHES = 8
"""How many of them a stage has, at equal distances."""
_A_CLASS = 8
_CLASSES = 16


class Sketches:
    """Tells who watches a run what a stage would generate, at equal distances of its training.

    Args:
        stage: What is trained.
        runtime: Of the run; where nobody looks, nothing is generated.
        first_step: Where the stage begins or goes on.
    """

    def __init__(self, stage: Stage, runtime: Runtime, first_step: int) -> None:
        self._stage = stage
        self._runtime = runtime
        self._shown = self._number(first_step)
        self._wanted = runtime.look is not None and stage.sketch is not None

    def due(self, steps: int) -> bool:
        """Tell whether one is due after so many steps."""
        return self._wanted and self._number(steps) > self._shown

    def show(self, steps: int, labels: Tensor) -> None:
        """Generate images of some classes, and pass them on; what fails is told once.

        Args:
            steps: Steps that are done.
            labels: Of the training images, int64.
        """
        look, sketch = self._runtime.look, self._stage.sketch
        assert look is not None
        assert sketch is not None
        self._shown = self._number(steps)
        classes = torch.unique(labels)[:_CLASSES].repeat_interleave(_A_CLASS)
        try:
            with kept_process_state(), _evaluating(self._stage.modules), torch.no_grad():
                images = sketch(classes)
        except Exception as error:
            self._wanted = False
            text = f"{self._stage.name} shows no samples while it trains: {text_of(error)}"
            self._runtime.tell(Message(f"{self._runtime.task}: {text}", "warning"))
            return
        look(self._stage.name, steps * self._stage.batch_size, images, classes)

    def _number(self, steps: int) -> int:
        return steps * SKETCHES // self._stage.total_steps


@contextmanager
def _evaluating(modules: Mapping[str, nn.Module]) -> Iterator[None]:
    """Have all modules in evaluation mode, and each in its own afterwards."""
    modes = {part: part.training for module in modules.values() for part in module.modules()}
    for module in modules.values():
        module.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training
