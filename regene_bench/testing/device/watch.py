"""What a plugin does on the device while it is used, and in which line of its source."""

from __future__ import annotations

import itertools
import linecache
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType, TracebackType
from typing import Any

from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim import Optimizer
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from regene_bench.testing.device.tally import COPY_TO_CPU, Tally

# Training's own waits (it reads the losses twice a second) are no plugin's.
_OF_TRAINING = ("loop", "stage_run", "lockstep", "whole_step", "captured")
_LOOP = {f"regene_bench.training.{name}" for name in _OF_TRAINING}
# A step of a GAN with several updates of its critic has some; an epoch has more.
_MOST_UPDATES = 10


@dataclass(frozen=True)
class Place:
    """A line of a plugin's source."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        text = linecache.getline(self.file, self.line).strip()
        return f"{_short(self.file)}, line {self.line}, in {self.function}: {text}"


@dataclass(frozen=True)
class Wait:
    """Why a plugin waits for the device, and where."""

    reason: str
    place: Place

    def __str__(self) -> str:
        return f"{self.reason} in {self.place}"


def told(waits: Iterable[Wait]) -> str:
    """Some waits in words, a line each."""
    return "\n".join(str(wait) for wait in waits)


def place_of_error(error: BaseException, owner: str) -> Place | None:
    """The innermost line of a plugin's package that an error came through.

    Args:
        error: The error.
        owner: The package.
    """
    found = None
    for frame, line in _frames_of(error.__traceback__):
        if package_of(frame) == owner:
            found = place_of(frame.f_code, line)
    return found


def layer_of_error(error: BaseException) -> str:
    """The kind of the innermost layer with weights on the CPU in which an error arose, or none."""
    found = ""
    for frame, _ in _frames_of(error.__traceback__):
        layer = frame.f_locals.get("self")
        if isinstance(layer, nn.Module) and _any_on_cpu(layer._parameters.values()):
            found = type(layer).__name__
    return found


@dataclass(frozen=True)
class Step:
    """What happened within one step of a training.

    Attributes:
        operations: How many operations computed something on the device.
        waits: How many times anybody waited for it.
        updates: How many times an optimiser changed its parameters.
        places: Where in the plugin it was waited for, and why.
    """

    operations: int
    waits: int
    updates: int
    places: Counter[Wait]

    def since(self, before: Step) -> Step:
        """What happened since an earlier state of the account."""
        return Step(
            self.operations - before.operations,
            self.waits - before.waits,
            self.updates - before.updates,
            self.places - before.places,
        )


@dataclass
class Watch:
    """An account of what a plugin does on the device.

    Attributes:
        owner: The plugin's package; lines of its source are told.
        tally: The device's.
        on_cpu: What was found on the CPU that belongs on the device, and where it was used.
        steps: The steps of trainings: what happened between two looks at the stop request, of which
            training takes one a step.
        updates: What happened between two steps of optimisers.
        places: Where in the plugin it waited, and why, in all.
    """

    owner: str
    tally: Tally
    on_cpu: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    updates: list[Step] = field(default_factory=list)
    places: Counter[Wait] = field(default_factory=Counter)
    _updates: int = 0
    _begun: dict[str, Step] = field(default_factory=dict)

    def begin_again(self) -> None:
        """A plugin is used anew: what it copied to the CPU before is not what it works on now."""
        self.places.clear()

    def step_done(self) -> None:
        """A step of a training has ended."""
        self._cut("step", self.steps)

    def repeated_waits(self) -> list[Wait]:
        """Lines that waited in two steps of a training that follow each other.

        What happens between two stages, or once, is no habit. Where nobody looks at the stop
        request, or only once in a while, the optimisers tell where a step ends.
        """
        looked = len(self.steps) > 1 and len(self.updates) <= _MOST_UPDATES * len(self.steps)
        steps = self.steps if looked else self.updates
        # what looks at the stop request and updates nothing is no training, if anything is updated
        updating = any(step.updates for step in steps)
        found: dict[Wait, None] = {}
        for pair in itertools.pairwise(steps):
            if all(step.updates for step in pair) or not updating:
                before, after = pair
                found |= dict.fromkeys(wait for wait in before.places if wait in after.places)
        return list(found)

    def note_wait(self, reason: str) -> None:
        """Somebody waits for the device, somewhere below this call."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if _module(frame) in _LOOP:
                return
            if package_of(frame) == self.owner:
                self.places[Wait(reason, place_of(frame.f_code, frame.f_lineno))] += 1
                return
            frame = frame.f_back

    def note_module(self, module: nn.Module, inputs: Any) -> None:
        """A layer is about to compute.

        One on the CPU may be tried out while a network is built; it computes on what the plugin was
        given only if that was copied to the CPU before.
        """
        if any(wait.reason == COPY_TO_CPU for wait in self.places):
            weights = module._parameters.values()
            self._note_cpu(weights, f"the weights of {type(module).__name__} lie")

    def note_optimizer(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """An optimiser is about to change its parameters."""
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self._note_cpu(parameters, f"{type(optimizer).__name__} changes parameters that lie")

    def note_update(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """An optimiser has changed its parameters."""
        self._updates += 1
        self._cut("update", self.updates)

    def _cut(self, what: str, ended: list[Step]) -> None:
        now = Step(
            self.tally.operations.total(),
            self.tally.waits.total(),
            self._updates,
            self.places.copy(),
        )
        if what in self._begun:
            ended.append(now.since(self._begun[what]))
        self._begun[what] = now

    def _note_cpu(self, parameters: Iterable[Any], text: str) -> None:
        if self.on_cpu or not _any_on_cpu(parameters):
            return
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and package_of(frame) != self.owner:
            frame = frame.f_back
        where = f" in {place_of(frame.f_code, frame.f_lineno)}" if frame else ""
        self.on_cpu.append(f"{text} on the CPU{where}")


@contextmanager
def watched(tally: Tally, owner: str) -> Iterator[Watch]:
    """Watch over what happens within.

    Args:
        tally: The device's.
        owner: The package of the plugin that is used within.
    """
    watch = Watch(owner, tally)
    handles = [
        register_module_forward_pre_hook(watch.note_module),
        register_optimizer_step_pre_hook(watch.note_optimizer),
        register_optimizer_step_post_hook(watch.note_update),
    ]
    tally.listeners.append(watch.note_wait)
    try:
        yield watch
    finally:
        tally.listeners.remove(watch.note_wait)
        for handle in handles:
            handle.remove()


def _any_on_cpu(parameters: Iterable[Any]) -> bool:
    return any(p is not None and p.device.type == "cpu" for p in parameters)


def place_of(code: CodeType, line: int) -> Place:
    """The place of a line of some code."""
    return Place(code.co_filename, line, code.co_name)


def _frames_of(trace: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def package_of(frame: FrameType) -> str:
    """The package whose code a frame carries out; empty if it is of none."""
    return _module(frame).partition(".")[0]


def _short(file: str) -> str:
    """The path from the working folder, where the file lies within it."""
    inside = os.path.relpath(file)
    return file if inside.startswith("..") else inside
