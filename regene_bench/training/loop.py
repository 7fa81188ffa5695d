"""The training loop that all methods share: it knows batches, clocks and checkpoints, no losses.

A method describes a ``Stage``: its modules, optimisers and one step. The loop draws batches,
sets learning rates, watches for losses that stop being finite, reports progress, and keeps the
state on disk, so that a stage which was killed goes on where it was and ends, on a CPU,
bit-equal to one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from torch import Tensor

from regene_bench.base.errors import Interrupted
from regene_bench.base.events import Message
from regene_bench.data.augment import augment
from regene_bench.data.device_images import DeviceImages
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.stages import StageReport
from regene_bench.training.batch_order import batches
from regene_bench.training.schedules import Clock
from regene_bench.training.stage import Batch, Stage
from regene_bench.training.state import note_rates, restore_state, stage_state
from regene_bench.training.watch import REPORT_SECONDS, LossWatch


def train(stage: Stage, data: DeviceImages, runtime: Runtime) -> StageReport:
    """Train a stage to its end, from its last checkpoint if there is one.

    Leaves the modules in evaluation mode.

    Raises:
        TrainingDivergedError: A loss was not finite or beyond the limit; says which and when.
        Interrupted: A stop was asked for; the state is saved.
    """
    note_rates(stage.optimizers)
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
    watch = LossWatch(data.device, stage.loss_limit)
    current: Mapping[str, Tensor] = {}

    def keep(step: int, *, done: bool) -> None:
        state = stage_state(stage.modules, stage.optimizers, data.device, done=done)
        seconds = before + time.monotonic() - started
        images = step * stage.batch_size
        runtime.checkpoints.save(
            stage.name,
            state | {"step": step, "seconds": seconds, "images": images, "losses": losses},
        )

    for step, indices in batches(stage, len(data), runtime, data.device, first):
        clock = stage.clock(step, len(data))
        _set_learning_rates(stage, clock)
        images = data.batch(indices)
        if stage.augmentation is not None:
            images = augment(images, stage.augmentation)
        current = stage.step(Batch(images, data.labels[indices], clock))
        watch.look(current, step)

        now = time.monotonic()
        last = step + 1 == stage.total_steps
        if now - reported >= REPORT_SECONDS or last:
            reported = now
            _raise_if_diverged(watch, stage, len(data))
            losses = {name: float(value) for name, value in current.items()}
            seen = (step + 1) * stage.batch_size
            runtime.progress(stage.name, seen, stage.total_steps * stage.batch_size, values=losses)
        if runtime.stop.reason is not None and not last:
            _raise_if_diverged(watch, stage, len(data))
            keep(step + 1, done=False)
            raise Interrupted(runtime.stop.reason)
        if now - kept >= runtime.checkpoints.interval and not last:
            _raise_if_diverged(watch, stage, len(data))
            keep(step + 1, done=False)
            kept = time.monotonic()

    keep(stage.total_steps, done=True)
    images_seen = stage.total_steps * stage.batch_size
    seconds = before + time.monotonic() - started
    return StageReport(stage.name, seconds, before, images_seen, losses)


def _raise_if_diverged(watch: LossWatch, stage: Stage, n: int) -> None:
    for error in watch.errors(stage, n).values():
        raise error


def _set_learning_rates(stage: Stage, clock: Clock) -> None:
    factor = stage.schedule(clock)
    for optimizer in stage.optimizers.values():
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor
