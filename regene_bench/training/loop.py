"""The training loop that all methods share: it knows batches, clocks and checkpoints, no losses.

A method describes a ``Stage``: its modules, optimisers and one step. The loop draws batches,
sets learning rates, watches for losses that stop being finite, reports progress, and keeps the
state on disk, so that a stage which was killed goes on where it was and ends, on a CPU,
bit-equal to one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from regene_bench.data.augment import augment
from regene_bench.data.dataset import DeviceImages
from regene_bench.errors import Interrupted, TrainingDivergedError
from regene_bench.events import Message
from regene_bench.interfaces import Augmentation
from regene_bench.runtime import Runtime
from regene_bench.training.report import StageReport
from regene_bench.training.schedules import Clock, Schedule, constant
from regene_bench.training.state import restore_state, stage_state

_REPORT_SECONDS = 0.5


@dataclass(frozen=True)
class Batch:
    """What a step trains on.

    Attributes:
        images: float32 ``[N, C, H, W]`` in [0, 1], channels last, augmented if the stage asks.
        labels: int64 ``[N]``.
        clock: How far the stage is.
    """

    images: Tensor
    labels: Tensor
    clock: Clock


Step = Callable[[Batch], Mapping[str, Tensor]]


@dataclass(frozen=True)
class Stage:
    """One stretch of training.

    Attributes:
        name: Unique within the run; names its checkpoint and its random streams.
        modules: Everything with parameters or buffers that the stage changes.
        optimizers: By name; the loop scales the rates they were made with.
        step: Forward, backward and update; returns detached scalar losses and never waits for the
            device.
        batch_size: Images a step.
        total_images: Length of the stage in images seen.
        schedule: Factor on all learning rates.
        augmentation: Applied to each batch, if given.
        loss_limit: A loss of a larger magnitude counts as diverged, as one that is not finite does:
            some networks go on for ever at losses that nothing comes back from.
    """

    name: str
    modules: Mapping[str, nn.Module]
    optimizers: Mapping[str, torch.optim.Optimizer]
    step: Step
    batch_size: int
    total_images: int
    schedule: Schedule = constant
    augmentation: Augmentation | None = None
    loss_limit: float = math.inf

    @property
    def total_steps(self) -> int:
        return max(1, math.ceil(self.total_images / self.batch_size))


def train(stage: Stage, data: DeviceImages, runtime: Runtime) -> StageReport:
    """Train a stage to its end, from its last checkpoint if there is one.

    Leaves the modules in evaluation mode.

    Raises:
        TrainingDivergedError: A loss was not finite or beyond the limit; says which and when.
        Interrupted: A stop was asked for; the state is saved.
    """
    for optimizer in stage.optimizers.values():
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
    with runtime.seeded(stage.name):
        report = _train(stage, data, runtime)
    runtime.ledger.append(report)
    for module in stage.modules.values():
        module.eval()
    return report


def _train(stage: Stage, data: DeviceImages, runtime: Runtime) -> StageReport:
    saved = restore_state(stage.name, stage.modules, stage.optimizers, runtime)
    if saved is not None and saved["done"]:
        spent = saved["seconds"]
        return StageReport(stage.name, spent, spent, saved["images"], saved["losses"])
    if saved is not None:
        at = saved["step"] / stage.total_steps
        runtime.tell(Message(f"{runtime.task}: {stage.name} goes on at {at:.0%}"))
    first = saved["step"] if saved is not None else 0
    before = saved["seconds"] if saved is not None else 0.0
    losses: dict[str, float] = dict(saved["losses"]) if saved is not None else {}
    for module in stage.modules.values():
        module.train()

    started = reported = kept = time.monotonic()
    watch = _LossWatch(data.device, stage.loss_limit)
    current: Mapping[str, Tensor] = {}

    def keep(step: int, *, done: bool) -> None:
        state = stage_state(stage.modules, stage.optimizers, data.device, done=done)
        seconds = before + time.monotonic() - started
        images = step * stage.batch_size
        runtime.checkpoints.save(
            stage.name,
            state | {"step": step, "seconds": seconds, "images": images, "losses": losses},
        )

    for step, indices in _batches(stage, data, runtime, first):
        clock = _clock(stage, len(data), step)
        _set_learning_rates(stage, clock)
        images = data.batch(indices)
        if stage.augmentation is not None:
            images = augment(images, stage.augmentation)
        current = stage.step(Batch(images, data.labels[indices], clock))
        watch.look(current, step)

        now = time.monotonic()
        last = step + 1 == stage.total_steps
        if now - reported >= _REPORT_SECONDS or last:
            reported = now
            watch.raise_if_diverged(stage, len(data))
            losses = {name: float(value) for name, value in current.items()}
            seen = (step + 1) * stage.batch_size
            runtime.progress(stage.name, seen, stage.total_steps * stage.batch_size, values=losses)
        if runtime.stop.reason is not None and not last:
            watch.raise_if_diverged(stage, len(data))
            keep(step + 1, done=False)
            raise Interrupted(runtime.stop.reason)
        if now - kept >= runtime.checkpoints.interval and not last:
            watch.raise_if_diverged(stage, len(data))
            keep(step + 1, done=False)
            kept = time.monotonic()

    keep(stage.total_steps, done=True)
    images_seen = stage.total_steps * stage.batch_size
    seconds = before + time.monotonic() - started
    return StageReport(stage.name, seconds, before, images_seen, losses)


def _batches(
    stage: Stage, data: DeviceImages, runtime: Runtime, first: int
) -> Iterator[tuple[int, Tensor]]:
    """Yield ``(step, indices)`` from an endless row of shuffled epochs.

    The order is a function of seed, stage and position alone, so it needs no saved state.
    """
    n, size = len(data), stage.batch_size
    epochs: dict[int, Tensor] = {}

    def order(epoch: int) -> Tensor:
        if epoch not in epochs:
            seed = runtime.derive_seed(stage.name, "order", epoch)
            generator = torch.Generator().manual_seed(seed)
            epochs[epoch] = torch.randperm(n, generator=generator).to(data.device)
            epochs.pop(epoch - 2, None)
        return epochs[epoch]

    for step in range(first, stage.total_steps):
        position, end = step * size, (step + 1) * size
        parts = []
        while position < end:
            epoch, offset = divmod(position, n)
            take = min(end - position, n - offset)
            parts.append(order(epoch)[offset : offset + take])
            position += take
        yield step, parts[0] if len(parts) == 1 else torch.cat(parts)


def _clock(stage: Stage, n: int, step: int) -> Clock:
    images = step * stage.batch_size
    return Clock(step, images, images / n, step / stage.total_steps)


def _set_learning_rates(stage: Stage, clock: Clock) -> None:
    factor = stage.schedule(clock)
    for optimizer in stage.optimizers.values():
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor


class _LossWatch:
    """Remembers on the device the first step whose losses diverged; no sync a step."""

    def __init__(self, device: torch.device, limit: float) -> None:
        self._limit = limit
        self._first = torch.full((), -1, dtype=torch.int64, device=device)
        self._names: tuple[str, ...] = ()
        self._values: Tensor | None = None

    def look(self, losses: Mapping[str, Tensor], step: int) -> None:
        values = torch.stack([value.detach().float() for value in losses.values()])
        usable = torch.isfinite(values) & (values.abs() <= self._limit)
        bad = ~usable.all() & (self._first < 0)
        self._first = torch.where(bad, step, self._first)
        if self._values is None:
            self._names, self._values = tuple(losses), values
        else:
            self._values = torch.where(bad | (self._first < 0), values, self._values)

    def raise_if_diverged(self, stage: Stage, n: int) -> None:
        step = int(self._first)
        if step < 0 or self._values is None:
            return
        bad = [
            f"{name} = {value:g}"
            for name, value in zip(self._names, self._values.tolist(), strict=True)
            if not (math.isfinite(value) and abs(value) <= self._limit)
        ]
        epoch = step * stage.batch_size / n
        raise TrainingDivergedError(
            f"{stage.name} diverged at step {step} (epoch {epoch:.2f}): {', '.join(bad)}.",
            hint="A lower learning rate or float32 precision usually helps.",
        )
