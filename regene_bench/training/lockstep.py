"""Several runs of one method trained side by side, a step of all at a time.

Each run keeps its own stage, seed, order of batches, random stream, checkpoint and fate: it begins,
goes on and ends as ``train`` would have it, and either of the two carries on what the other began.
Only the arithmetic of a step is done for all at once, by a ``Stack`` that the method makes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from regene_bench.base.errors import Interrupted, TrainingDivergedError
from regene_bench.base.events import Message
from regene_bench.data.device_images import DeviceImages
from regene_bench.runtime.random import derive_seed
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.stages import StageReport
from regene_bench.training.batch_order import batches
from regene_bench.training.schedules import Clock
from regene_bench.training.stage import Stage
from regene_bench.training.state import note_rates, restore_state, stage_state
from regene_bench.training.watch import REPORT_SECONDS, LossWatch


@dataclass(frozen=True)
class StackedBatch:
    """What a step of K runs trains on.

    Attributes:
        images: float32 ``[N, K, C, H, W]`` in [0, 1].
        labels: int64 ``[N, K]``.
        clock: How far all stages are.
        generators: Each run's random stream, on the images' device.
    """

    images: Tensor
    labels: Tensor
    clock: Clock
    generators: Sequence[torch.Generator]


class Stack(Protocol):
    """The networks and optimisers of K stages as one."""

    def step(self, batch: StackedBatch, rate_factor: float) -> Mapping[str, Tensor]:
        """Forward, backward and update of all; returns detached losses ``[K]`` each."""
        ...

    def write_back(self, model: int) -> None:
        """Copy one model's state into the modules and optimisers of its own stage."""
        ...


@dataclass
class Lane:
    """One of the runs.

    Attributes:
        stage: As ``train`` would be given it.
        runtime: Its seed, checkpoints and progress.
        result: Its report, or why it failed; ``None`` while it trains.
    """

    stage: Stage
    runtime: Runtime
    result: StageReport | TrainingDivergedError | None = None
    first: int = 0
    before: float = 0.0
    losses: dict[str, float] = field(default_factory=dict)
    draws: torch.Generator = field(default_factory=torch.Generator)
    host_draws: torch.Generator = field(default_factory=torch.Generator)


MakeStack = Callable[[Sequence[Stage]], Stack]


def train_together(
    stages: Sequence[Stage],
    data: DeviceImages,
    runtimes: Sequence[Runtime],
    make_stack: MakeStack,
) -> list[StageReport | TrainingDivergedError]:
    """Train stages of equal length, batch size and schedule to their ends.

    Leaves the modules in evaluation mode.

    Args:
        stages: One a run; ``augmentation`` is not supported.
        data: The training images.
        runtimes: One a run.
        make_stack: Makes one of the stages that are at the same step.

    Returns:
        For each run its report, or the error with which it diverged; the others go on.

    Raises:
        Interrupted: A stop was asked for; the state of every run is saved.
        ValueError: The stages cannot go in step.
    """
    shapes = {(s.name, s.batch_size, s.total_images, s.loss_limit) for s in stages}
    if len(shapes) > 1 or any(s.augmentation is not None for s in stages):
        raise ValueError("stages that train together have one length and no augmentation")
    lanes = [_begin(*pair, data.device) for pair in zip(stages, runtimes, strict=True)]
    pending = [lane for lane in lanes if lane.result is None]
    # runs that were interrupted alone may be at other steps; those in step go together
    for first in sorted({lane.first for lane in pending}):
        _Group([lane for lane in pending if lane.first == first], data, make_stack).train()
    for lane in lanes:
        if isinstance(lane.result, StageReport):
            lane.runtime.ledger.append(lane.result)
        for module in lane.stage.modules.values():
            module.eval()
    return [lane.result for lane in lanes if lane.result is not None]


def _begin(stage: Stage, runtime: Runtime, device: torch.device) -> Lane:
    """Bring a stage to its last checkpoint and its random streams to where they were."""
    lane = Lane(stage, runtime, draws=torch.Generator(device))
    seed = derive_seed(runtime.seed, stage.name)
    lane.draws.manual_seed(seed)
    lane.host_draws.manual_seed(seed)
    note_rates(stage.optimizers)
    with torch.random.fork_rng():
        saved = restore_state(stage.name, stage.modules, stage.optimizers, runtime)
    if saved is None:
        return lane
    if saved["done"]:
        spent = saved["seconds"]
        lane.result = StageReport(stage.name, spent, spent, saved["images"], saved["losses"])
        return lane
    runtime.tell(
        Message(f"{runtime.task}: {stage.name} goes on at {saved['step'] / stage.total_steps:.0%}")
    )
    lane.first, lane.before, lane.losses = saved["step"], saved["seconds"], dict(saved["losses"])
    lane.host_draws.set_state(saved["rng"])
    lane.draws.set_state(saved["rng" if device.type == "cpu" else f"{device.type}_rng"])
    return lane


class _Group:
    """Runs that are at the same step."""

    def __init__(self, lanes: Sequence[Lane], data: DeviceImages, make_stack: MakeStack) -> None:
        self.lanes = lanes
        self.data = data
        self.stage = lanes[0].stage
        for lane in lanes:
            for module in lane.stage.modules.values():
                module.train()
        self.stack = make_stack([lane.stage for lane in lanes])
        self.watch = LossWatch(data.device, self.stage.loss_limit)
        self.started = time.monotonic()

    def train(self) -> None:
        """Train all to the end.

        Raises:
            Interrupted: A stop was asked for; the state is saved.
        """
        stage, first, n = self.stage, self.lanes[0].first, len(self.data)
        orders = [
            batches(lane.stage, n, lane.runtime, self.data.device, first) for lane in self.lanes
        ]
        interval = min(lane.runtime.checkpoints.interval for lane in self.lanes)
        reported = kept = self.started
        for row in zip(*orders, strict=True):
            step = row[0][0]
            clock = stage.clock(step, n)
            batch = self._batch([indices for _, indices in row], clock)
            losses = self.stack.step(batch, stage.schedule(clock))
            self.watch.look(losses, step)

            now, last = time.monotonic(), step + 1 == stage.total_steps
            stop = next(filter(None, [lane.runtime.stop.reason for lane in self.lanes]), None)
            due = now - kept >= interval
            if not (now - reported >= REPORT_SECONDS or last or due or stop):
                continue
            reported = now
            self._report(losses, step)
            if all(lane.result is not None for lane in self.lanes):
                return
            if (due or stop) and not last:
                self._keep(step + 1, done=False)
                kept = now
            if stop and not last:
                raise Interrupted(stop)
        self._keep(stage.total_steps, done=True)

    def _batch(self, indices: Sequence[Tensor], clock: Clock) -> StackedBatch:
        # sample-major, as the networks see it: one row of the batch holds an image of every run
        chosen = torch.stack(list(indices), dim=1)
        images = self.data.batch(chosen.flatten())
        images = images.view(*chosen.shape, *images.shape[1:])
        labels = self.data.labels[chosen]
        return StackedBatch(images, labels, clock, [lane.draws for lane in self.lanes])

    def _report(self, losses: Mapping[str, Tensor], step: int) -> None:
        values = {name: value.tolist() for name, value in losses.items()}
        for number, error in self.watch.errors(self.stage, len(self.data)).items():
            if self.lanes[number].result is None:
                self.lanes[number].result = error
        seen = (step + 1) * self.stage.batch_size
        for number, lane in enumerate(self.lanes):
            if lane.result is None:
                lane.losses = {name: own[number] for name, own in values.items()}
                total = self.stage.total_steps * self.stage.batch_size
                lane.runtime.progress(self.stage.name, seen, total, values=lane.losses)

    def _keep(self, step: int, *, done: bool) -> None:
        # what the runs cost together they share
        spent = (time.monotonic() - self.started) / len(self.lanes)
        for number, lane in enumerate(self.lanes):
            if lane.result is not None:
                continue
            self.stack.write_back(number)
            stage, seconds = lane.stage, lane.before + spent
            images = step * stage.batch_size
            state = stage_state(stage.modules, stage.optimizers, self.data.device, done=done)
            told = {"step": step, "seconds": seconds, "images": images, "losses": lane.losses}
            lane.runtime.checkpoints.save(stage.name, state | self._streams(lane, done) | told)
            if done:
                lane.result = StageReport(stage.name, seconds, lane.before, images, lane.losses)

    def _streams(self, lane: Lane, done: bool) -> dict[str, Any]:
        if done:
            return {}
        device, state = self.data.device.type, lane.draws.get_state()
        if device == "cpu":
            return {"rng": state}
        return {"rng": lane.host_draws.get_state(), f"{device}_rng": state}
