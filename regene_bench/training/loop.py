"""The training loop that all methods share: it knows batches, clocks and checkpoints, no losses.

A method describes a ``Stage``: its modules, optimisers and one step. The loop draws batches,
sets learning rates, watches for losses that stop being finite, reports progress, and keeps the
state on disk, so that a stage which was killed goes on where it was and ends, on a CPU,
bit-equal to one that was not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor

from regene_bench.base.errors import TrainingDivergedError
from regene_bench.data.augment import augment
from regene_bench.data.device_images import DeviceImages
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.stage_report import StageReport
from regene_bench.training.batch_order import batches
from regene_bench.training.schedules import Clock
from regene_bench.training.stage import Batch, Stage
from regene_bench.training.stage_run import StageRun, advance
from regene_bench.training.stage_state import global_streams, set_global_streams


def train(stage: Stage, data: DeviceImages, runtime: Runtime) -> StageReport:
    """Train a stage to its end, from its last checkpoint if there is one.

    Leaves the modules in evaluation mode.

    Args:
        stage: What is trained, and how.
        data: The training images.
        runtime: Its seed decides the order of images and all random draws; its checkpoints keep the
            state under the stage's name, and its ledger gets the report.

    Returns:
        What the stage cost, and its last losses.

    Raises:
        TrainingDivergedError: A loss was not finite or beyond the limit; says which and when.
        Interrupted: A stop was asked for; the state is saved.
    """
    with runtime.seeded(stage.name):
        run = StageRun.begin(stage, runtime)
        if run.result is None:
            set_global_streams(run.streams, data.device)
            steps = _steps(stage, data, runtime, run.first_step)
            advance([run], steps, data, lambda _: global_streams(data.device))
    result = run.end()
    if isinstance(result, TrainingDivergedError):
        raise result
    return result


def _steps(
    stage: Stage, data: DeviceImages, runtime: Runtime, first: int
) -> Iterator[tuple[int, Mapping[str, Tensor]]]:
    """Do one step after the other, from the first one that is wanted; yield their losses."""
    for step, indices in batches(stage, len(data), runtime, data.device, first):
        clock = stage.clock(step, len(data))
        _set_learning_rates(stage, clock)
        images = data.batch(indices)
        if stage.augmentation is not None:
            images = augment(images, stage.augmentation)
        yield step, stage.step(Batch(images, data.labels[indices], clock))


def _set_learning_rates(stage: Stage, clock: Clock) -> None:
    factor = stage.schedule(clock)
    for optimizer in stage.optimizers.values():
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor
