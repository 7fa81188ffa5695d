"""Whether the steps of a training that says that they can be captured are one like the other.

A captured step is replayed as it was recorded. So two steps that follow each other must ask the
device for the same operations, on tensors of the same shapes, with the same numbers of the host: a
learning rate among these would be the same for ever.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from types import FrameType
from typing import Any

from torch import Tensor

from regene_bench.testing.device.graphs import Operation
from regene_bench.testing.device.tally import Tally
from regene_bench.testing.device.watch import Place, package_of, place_of
from regene_bench.training.schedules import Clock
from regene_bench.training.stage import Stage
from regene_bench.training.whole_step import WholeStep


@dataclass(frozen=True)
class Asked:
    """What a step asked of the device once.

    Attributes:
        told: Operation, shapes and numbers, in words.
        place: The line of the plugin's source that it comes from; none in a backward pass.
    """

    told: str
    place: Place | None


@dataclass
class StageTrace:
    """Steps of a stage.

    Attributes:
        stage: The stage.
        steps: What each asked of the device.
        stretches: The stretch that each is of.
    """

    stage: Stage
    steps: list[list[Asked]] = field(default_factory=list)
    stretches: list[Hashable] = field(default_factory=list)

    def difference(self) -> str:
        """Say in what the last two steps of one stretch differ first; empty if in nothing."""
        pairs = [k for k, (a, b) in enumerate(pairwise(self.stretches)) if a == b]
        if not pairs:
            return ""
        for before, now in zip_longest(*self.steps[pairs[-1] : pairs[-1] + 2]):
            if before is None or now is None:
                one = before or now
                return f"one step does {one.told} that the next does not do{_where(one)}"
            if before.told != now.told:
                return f"{before.told} is {now.told} in the next step{_where(now)}"
        return ""


def _where(asked: Asked) -> str:
    return f"\nin {asked.place}" if asked.place else ""


@contextmanager
def traced_steps(tally: Tally, owner: str) -> Iterator[Mapping[str, StageTrace]]:
    """Note what the steps of trainings ask of the device, as often as Python carries them out.

    Args:
        tally: The device's.
        owner: The package of the plugin that trains.

    Yields:
        Traces by the stage's name.
    """
    traces: dict[str, StageTrace] = {}
    original: Any = WholeStep.__call__

    def traced(whole: WholeStep, indices: Tensor, clock: Clock, *args: Any) -> Mapping[str, Tensor]:
        observer = _Observer(owner)
        trace = traces.setdefault(whole.stage.name, StageTrace(whole.stage))
        trace.steps.append(observer.asked)
        trace.stretches.append(whole.stage.stretch(clock) if whole.stage.stretch else None)
        tally.observers.append(observer)
        try:
            losses: Mapping[str, Tensor] = original(whole, indices, clock, *args)
        finally:
            tally.observers.remove(observer)
        return losses

    WholeStep.__call__ = traced  # type: ignore[assignment,method-assign]
    try:
        yield traces
    finally:
        WholeStep.__call__ = original  # type: ignore[method-assign]


class _Observer:
    """Notes operations.

    Args:
        owner: The package whose lines are named.
    """

    def __init__(self, owner: str) -> None:
        self.asked: list[Asked] = []
        self._owner = owner

    def before(self, operands: Any) -> None:
        """Nothing is noted before it is done."""

    def after(self, operation: Operation) -> None:
        """It is done."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and package_of(frame) != self._owner:
            frame = frame.f_back
        place = place_of(frame.f_code, frame.f_lineno) if frame else None
        self.asked.append(Asked(operation.told, place))


def uncaptured(traces: Mapping[str, StageTrace], said: Sequence[str]) -> str:
    """Say what keeps steps from being captured of a stage that says that they can be.

    Args:
        traces: Of a training that was to be captured, up to the recording of each stage.
        said: What the training told meanwhile.

    Returns:
        What, and where; empty if nothing does.
    """
    for trace in traces.values():
        name = trace.stage.name
        if trace.stage.stretch is None:
            continue
        for text in said:
            if f"{name} is not captured: " in text:
                return text
        if found := trace.difference():
            return f"the steps of {name} differ, and cannot be captured: {found}"
    return ""
