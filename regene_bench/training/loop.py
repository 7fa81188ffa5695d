"""The training loop that all methods share: it knows batches, clocks and checkpoints, no losses.

A method describes a ``Stage``: its modules, optimisers and one step. The loop draws batches,
sets learning rates, watches for losses that stop being finite, reports progress, and keeps the
state on disk, so that a stage which was killed goes on where it was and ends, on a CPU,
bit-equal to one that was not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from torch import Tensor

from regene_bench.base.errors import TrainingDivergedError
from regene_bench.base.events import Message
from regene_bench.data.device_images import DeviceImages
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.stage_report import StageReport
from regene_bench.training.batch_order import batches
from regene_bench.training.captured import CapturedSteps, why_not_captured
from regene_bench.training.divergence import LossWatch
from regene_bench.training.schedules import Clock
from regene_bench.training.stage import Stage
from regene_bench.training.stage_run import StageRun, advance
from regene_bench.training.stage_state import global_streams, set_global_streams
from regene_bench.training.whole_step import EagerSteps, WholeStep


class DoStep(Protocol):
    """Does steps.

    Attributes:
        replayed: How many it did by replaying a graph.
    """

    replayed: int

    def __call__(self, indices: Tensor, clock: Clock) -> Mapping[str, Tensor]:
        """Do a step on the images of some indices, at a time; give its losses."""
        ...


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
            watch = LossWatch(data.device, stage.loss_limit)
            do_step = _way_of_steps(run, WholeStep(stage, data, watch))
            steps = _steps(run, data, do_step)
            advance([run], steps, watch, data, lambda _: global_streams(data.device))
    result = run.end()
    if isinstance(result, TrainingDivergedError):
        raise result
    return result


def _way_of_steps(run: StageRun, whole: WholeStep) -> DoStep:
    """Choose how steps are done: captured, where that was asked for and can be."""
    runtime, stage = run.runtime, run.stage

    def tell(why: str) -> None:
        runtime.tell(Message(f"{runtime.task}: {stage.name} is not captured: {why}"))

    if not runtime.captured:
        return EagerSteps(whole)
    if why := why_not_captured(stage, whole.data.device):
        tell(why)
        return EagerSteps(whole)
    return CapturedSteps(whole, tell)


def _steps(
    run: StageRun, data: DeviceImages, do_step: DoStep
) -> Iterator[tuple[int, Mapping[str, Tensor]]]:
    """Do one step after the other, from the first one that is wanted; yield their losses."""
    stage, n, before = run.stage, len(data), run.replayed
    for step, indices in batches(stage, n, run.runtime, data.device, run.first_step):
        losses = do_step(indices, stage.clock(step, n))
        run.replayed = before + do_step.replayed
        yield step, losses
