"""What a method tells the loop of one stretch of its training."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from regene_bench.data.shapes import Augmentation
from regene_bench.training.schedules import Clock, Schedule, constant


@dataclass(frozen=True)
class Batch:
    """What a step trains on.

    Attributes:
        images: float32 ``[N, C, H, W]`` in [0, 1], channels last, augmented if the stage asks.
        labels: int64 ``[N]``.
        clock: How far the stage is.
        weights: What ``Stage.weights`` give at this time; in a captured step each is a tensor,
            float32 ``[]``.
    """

    images: Tensor
    labels: Tensor
    clock: Clock
    weights: Mapping[str, float | Tensor] = field(default_factory=dict)


Step = Callable[[Batch], Mapping[str, Tensor]]
Sketch = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Stage:
    """One stretch of training.

    Attributes:
        name: Unique within the run; names its checkpoint and its random streams.
        modules: Everything with parameters or buffers that the stage changes.
        optimizers: By name; the loop scales the rates they were made with.
        step: Forward, backward and update; returns detached scalar losses by name and never waits
            for the device (no ``.item()``): the loop reads the losses twice a second.
        batch_size: Images a step.
        total_images: Length of the stage in images seen.
        schedule: Factor on all learning rates.
        augmentation: Applied to each batch, if given.
        loss_limit: A loss of a larger magnitude counts as diverged, as one that is not finite does:
            some networks go on for ever at losses that nothing comes back from.
        forward: Passes a batch through the networks as ``step`` does, and changes no weight. Where
            it is given, the running statistics of batch norms that it passes are taken anew after
            the last step (``running_statistics.py``), since their averages trail the weights.
        sketch: What would be generated at this moment, for who watches a run: labels, int64
            ``[N]``, to images, float ``[N, C, H, W]`` in [0, 1]. Called a few times in a stage, in
            evaluation mode, without gradients; it changes nothing of the training.
        weights: Numbers that change while it trains, by name, beside the learning rates: of terms
            of its loss, for one. A step finds them in its batch.
        stretch: Given, steps may be captured as a graph and replayed (``captured.py``): where it
            gives equal values, ``step`` has the device do the same operations on tensors of the
            same shapes, but for what is in the batch; it does not wait for the device, brings
            nothing there from the host, draws random numbers from torch's own generator alone, and
            looks at nothing of the clock that changes, but for a first step that does more.
            ``constant`` says that the whole stage is one stretch.
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
    forward: Callable[[Batch], object] | None = None
    sketch: Sketch | None = None
    weights: Mapping[str, Schedule] = field(default_factory=dict)
    stretch: Callable[[Clock], Hashable] | None = None

    @property
    def total_steps(self) -> int:
        """Steps until at least ``total_images`` were seen; one at least."""
        return max(1, math.ceil(self.total_images / self.batch_size))

    def clock(self, step: int, n: int) -> Clock:
        """How far the stage is before a step, with ``n`` images an epoch."""
        images = step * self.batch_size
        return Clock(step, images, images / n, step / self.total_steps)

    def weights_at(self, clock: Clock) -> dict[str, float]:
        """What ``weights`` give at a time."""
        return {name: weight(clock) for name, weight in self.weights.items()}
