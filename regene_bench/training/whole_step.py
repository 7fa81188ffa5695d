"""What one step of a stage computes, from the numbers of its images to the watch over its losses.

``EagerSteps`` does it operation by operation; ``captured.py`` has the other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from regene_bench.data.augment import augment
from regene_bench.data.device_images import DeviceImages
from regene_bench.training.divergence import LossWatch
from regene_bench.training.schedules import Clock
from regene_bench.training.stage import Batch, Stage


@dataclass(frozen=True)
class WholeStep:
    """All that the device does in a step.

    Attributes:
        stage: What is trained.
        data: The training images.
        watch: Looks at the losses.
    """

    stage: Stage
    data: DeviceImages
    watch: LossWatch

    def __call__(
        self,
        indices: Tensor,
        clock: Clock,
        number: int | Tensor,
        weights: Mapping[str, float | Tensor],
    ) -> Mapping[str, Tensor]:
        """Gather, augment, train on it, and look at the losses.

        Args:
            indices: Of the batch's images, int64 ``[batch_size]`` on their device.
            clock: How far the stage is.
            number: The step's; int64 ``[]`` on the device where it is a tensor.
            weights: Of ``Stage.weights``, at this step; float32 ``[]`` where they are tensors.

        Returns:
            Detached scalar losses by name.
        """
        images = self.data.batch(indices)
        if self.stage.augmentation is not None:
            images = augment(images, self.stage.augmentation)
        losses = self.stage.step(Batch(images, self.data.labels[indices], clock, weights))
        self.watch.look(losses, number)
        return losses


class EagerSteps:
    """Steps operation by operation.

    Args:
        whole: What a step computes.

    Attributes:
        replayed: Steps that were done by replaying a graph: none.
    """

    replayed = 0

    def __init__(self, whole: WholeStep) -> None:
        self._whole = whole

    def __call__(self, indices: Tensor, clock: Clock) -> Mapping[str, Tensor]:
        """Do a step on the images of some indices."""
        stage = self._whole.stage
        factor = stage.schedule(clock)
        for optimizer in stage.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factor
        return self._whole(indices, clock, clock.step, stage.weights_at(clock))
