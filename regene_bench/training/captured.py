"""Whole steps as CUDA graphs: a step is recorded once, and replayed with a single call.

A GPU is told to start each kernel, which takes the host some microseconds whatever the kernel does,
and a step of a small network has hundreds. torch can record what the host told the device and tell
it again as one (``torch.cuda.CUDAGraph``). A replay knows nothing of Python: it reads and writes
the very memory of the recording, and every number that the host put into an operation is what it
was then. So, whatever changes from step to step is kept in tensors that are written before a
replay (the ``_Inputs`` below): the batch's indices, the step's number, learning rates, and what a
stage names in ``Stage.weights``. Optimisers count their steps on the device (``capturable``).
Random numbers go on by themselves: torch has the device's own generator go with every graph.

A stage says by ``Stage.stretch`` that its step is fit for it, and where a step becomes another one:
that is recorded anew. The first steps of each stretch are done one operation at a time, as torch
wants it, so that kernels are chosen and buffers made before anything is recorded. The last of them
is watched: what waits for the device cannot be recorded. What cannot be recorded is trained as
ever, and one line says why.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from regene_bench.runtime.device import can_capture
from regene_bench.training.schedules import Clock
from regene_bench.training.stage import Stage
from regene_bench.training.whole_step import EagerSteps, WholeStep

WARM_UP = 3
"""Steps of a stretch before it is recorded: as many as torch's own functions take."""


def why_not_captured(stage: Stage, device: torch.device) -> str:
    """Say why the steps of a stage cannot be captured; empty if they may be.

    Args:
        stage: What is trained.
        device: Where.
    """
    if not can_capture(device):
        return f"steps are captured on CUDA, not on {device.type}"
    if stage.stretch is None:
        return "it does not say that its steps can be captured (Stage.stretch)"
    for optimizer in stage.optimizers.values():
        if any("capturable" not in group for group in optimizer.param_groups):
            return f"torch cannot capture {type(optimizer).__name__}"
    return ""


class CapturedSteps:
    """Steps that are recorded, and replayed from then on.

    Args:
        whole: What a step computes, of a stage that ``why_not_captured`` has nothing against. Its
            optimisers are made ready for it here.
        tell: Is told why, if it turns out that steps cannot be captured after all.

    Attributes:
        replayed: Steps that were done by replaying, the first of each recording included.
    """

    def __init__(self, whole: WholeStep, tell: Callable[[str], None]) -> None:
        self._whole, self._tell = whole, tell
        self._device = whole.data.device
        # what torch.cuda has, by whatever name the device's module goes
        self._cuda: Any = torch.get_device_module(self._device)
        self._side = self._cuda.Stream(self._device)
        self._inputs: _Inputs | None = _Inputs(whole.stage, self._device)
        self._stretch: Hashable = None
        self._done = 0
        self._graph: Any = None
        self._losses: Mapping[str, Tensor] = {}
        self.replayed = 0

    def __call__(self, indices: Tensor, clock: Clock) -> Mapping[str, Tensor]:
        """Do a step on the images of some indices, int64 ``[batch_size]``.

        Returns:
            The losses by name; a later step writes into the same tensors.
        """
        stage = self._whole.stage
        if self._inputs is None or stage.stretch is None:
            return EagerSteps(self._whole)(indices, clock)
        stretch = stage.stretch(clock)
        if stretch != self._stretch:
            # its memory is free before another one is recorded
            self._graph, self._losses = None, {}
            self._stretch, self._done = stretch, 0
        self._inputs.write(indices, clock)
        self._done += 1
        if self._done <= WARM_UP:
            return self._warm_up(self._inputs, clock)
        if self._graph is None:
            why = self._record(self._inputs, clock)
            if why:
                return self._give_up(why)(indices, clock)
        self._graph.replay()
        self.replayed += 1
        return self._losses

    def _warm_up(self, inputs: _Inputs, clock: Clock) -> Mapping[str, Tensor]:
        main = self._cuda.current_stream(self._device)
        # where it will be recorded: libraries keep workspaces for each stream
        self._side.wait_stream(main)
        with self._cuda.stream(self._side):
            if self._done < WARM_UP:
                losses = inputs.passed_to(self._whole, clock)
            else:
                with _waits(self._cuda) as waits:
                    losses = inputs.passed_to(self._whole, clock)
                if waits:
                    self._give_up("a step waits for the device")
        main.wait_stream(self._side)
        return losses

    def _record(self, inputs: _Inputs, clock: Clock) -> str:
        """Record a step, which does not do it; say why if that is in vain."""
        graph = self._cuda.CUDAGraph()
        generator = self._cuda.default_generators[self._device.index or 0]
        draws = generator.clone_state()
        try:
            # the outer one is left in any case, the inner one not where recording fails
            with (
                self._cuda.stream(self._side),
                # other threads may do as they like, a logger's for one
                self._cuda.graph(graph, stream=self._side, capture_error_mode="thread_local"),
            ):
                self._losses = inputs.passed_to(self._whole, clock)
        except RuntimeError as error:
            # the generator still takes itself for recorded
            generator.graphsafe_set_state(draws)
            return str(error).partition("\n")[0]
        self._graph = graph
        return ""

    def _give_up(self, why: str) -> EagerSteps:
        self._inputs, self._graph = None, None
        self._tell(why)
        return EagerSteps(self._whole)


class _Inputs:
    """What steps of one recording differ in, in tensors that stay where they are.

    Args:
        stage: Its optimisers take their rates from these tensors from now on.
        device: Where they lie.
    """

    def __init__(self, stage: Stage, device: torch.device) -> None:
        self._stage = stage
        self._indices = torch.zeros(stage.batch_size, dtype=torch.int64, device=device)
        self._number = torch.zeros((), dtype=torch.int64, device=device)
        self._weights = {name: torch.zeros((), device=device) for name in stage.weights}
        self._groups = [g for one in stage.optimizers.values() for g in one.param_groups]
        self._written: dict[int, float] = {}
        for group in self._groups:
            group["capturable"] = True
            group["lr"] = torch.zeros((), device=device)
        for optimizer in stage.optimizers.values():
            for state in optimizer.state.values():
                if "step" in state:
                    # it may have been counted on the host until now
                    step = state["step"]
                    state["step"] = torch.as_tensor(step, dtype=torch.float32, device=device)

    def write(self, indices: Tensor, clock: Clock) -> None:
        """Set all that a step at this time differs in from others."""
        self._indices.copy_(indices)
        self._number.fill_(clock.step)
        factor = self._stage.schedule(clock)
        for group in self._groups:
            self._set(group["lr"], group["initial_lr"] * factor)
        for name, value in self._stage.weights_at(clock).items():
            self._set(self._weights[name], value)

    def _set(self, place: Tensor, value: float) -> None:
        # most rates and weights stay for many steps, and each write starts a kernel
        if self._written.get(id(place)) != value:
            place.fill_(value)
            self._written[id(place)] = value

    def passed_to(self, whole: WholeStep, clock: Clock) -> Mapping[str, Tensor]:
        """Compute a step on what was written."""
        return whole(self._indices, clock, self._number, self._weights)


@contextmanager
def _waits(cuda: Any) -> Iterator[list[str]]:
    """Note what torch says of operations that wait for the device, within a block.

    Args:
        cuda: ``torch.cuda``, or what stands for it.

    Yields:
        What it said, once the block has ended.
    """
    found: list[str] = []
    mode = cuda.get_sync_debug_mode()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        cuda.set_sync_debug_mode("warn")
        try:
            yield found
        finally:
            cuda.set_sync_debug_mode(mode)
    found += [text for one in said if "called a synchronizing" in (text := str(one.message))]
