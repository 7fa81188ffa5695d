"""Several runs of one method trained side by side, a step of all at a time.

Each run keeps its own stage, seed, order of batches, random stream, checkpoint and fate: it begins,
goes on and ends as ``train`` would have it, and either of the two carries on what the other began.
Only the arithmetic of a step is done for all at once, by a ``Stack`` that the method makes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from regene_bench.base.errors import TrainingDivergedError
from regene_bench.base.events import Message
from regene_bench.data.device_images import DeviceImages
from regene_bench.runtime.generations import settle_generation
from regene_bench.runtime.random import derive_seed
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.stage_report import StageReport
from regene_bench.training.batch_order import batches
from regene_bench.training.divergence import LossWatch
from regene_bench.training.schedules import Clock
from regene_bench.training.stage import Stage
from regene_bench.training.stage_run import StageRun, advance
from regene_bench.training.stage_state import stream_name


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
        """Forward, backward and update of all.

        Args:
            batch: What all train on.
            rate_factor: The schedule's factor on all learning rates.

        Returns:
            Detached losses by name, ``[K]`` each.
        """
        ...

    def write_back(self, model: int) -> None:
        """Copy one model's state into the modules and optimisers of its own stage."""
        ...


MakeStack = Callable[[Sequence[Stage]], Stack]
"""From the stages of K runs, as they are at the step where they go on, to the stack of them."""


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
    for name in {stage.name for stage in stages}:
        settle_generation([runtime.checkpoints for runtime in runtimes], name)
    runs = [StageRun.begin(*pair) for pair in zip(stages, runtimes, strict=True)]
    pending = [run for run in runs if run.result is None]
    # runs that were interrupted alone may be at other steps; those in step go together
    for first in sorted({run.first_step for run in pending}):
        _Group([run for run in pending if run.first_step == first], data, make_stack).train()
    return [run.end() for run in runs]


class _Draws:
    """The random stream of one run, apart from torch's own.

    Args:
        run: Where it begins, or goes on.
        device: Where the images are.
    """

    def __init__(self, run: StageRun, device: torch.device) -> None:
        self.generator = torch.Generator(device)
        self._name = stream_name(device)
        # a run that goes on alone takes its draws on the host from this one
        self._on_host = torch.Generator()
        for name, generator in (("rng", self._on_host), (self._name, self.generator)):
            generator.manual_seed(derive_seed(run.runtime.seed, run.stage.name))
            if name in run.streams:
                generator.set_state(run.streams[name])

    def state(self) -> dict[str, Tensor]:
        """What the run's checkpoint holds of it, under the names that ``train`` uses."""
        return {"rng": self._on_host.get_state(), self._name: self.generator.get_state()}


class _Group:
    """Runs that are at the same step."""

    def __init__(self, runs: Sequence[StageRun], data: DeviceImages, make_stack: MakeStack) -> None:
        self._runs = runs
        self._data = data
        self._draws = [_Draws(run, data.device) for run in runs]
        self._stack = make_stack([run.stage for run in runs])

    def train(self) -> None:
        """Train all to the end.

        Raises:
            Interrupted: A stop was asked for; the state is saved.
        """
        told = next((run.runtime for run in self._runs if run.runtime.captured), None)
        if told is not None:
            told.tell(Message("Runs that train as one are not captured."))
        watch = LossWatch(self._data.device, self._runs[0].stage.loss_limit)
        advance(self._runs, self._steps(watch), watch, self._data, self._collect)

    def _steps(self, watch: LossWatch) -> Iterator[tuple[int, Mapping[str, Tensor]]]:
        """Do one step of all after the other; yield their losses."""
        stage, first, n = self._runs[0].stage, self._runs[0].first_step, len(self._data)
        orders = [
            batches(run.stage, n, run.runtime, self._data.device, first) for run in self._runs
        ]
        for row in zip(*orders, strict=True):
            step = row[0][0]
            clock = stage.clock(step, n)
            batch = self._batch([indices for _, indices in row], clock)
            losses = self._stack.step(batch, stage.schedule(clock))
            watch.look(losses, step)
            yield step, losses

    def _batch(self, indices: Sequence[Tensor], clock: Clock) -> StackedBatch:
        # sample-major, as the networks see it: one row of the batch holds an image of every run
        chosen = torch.stack(list(indices), dim=1)
        images = self._data.batch(chosen.flatten())
        images = images.view(*chosen.shape, *images.shape[1:])
        labels = self._data.labels[chosen]
        return StackedBatch(images, labels, clock, [draws.generator for draws in self._draws])

    def _collect(self, number: int) -> Mapping[str, Tensor]:
        self._stack.write_back(number)
        return self._draws[number].state()
