"""Noticing on the device that losses have left all use, without waiting for it at every step."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from regene_bench.base.errors import TrainingDivergedError
from regene_bench.training.stage import Stage

_NEVER = torch.iinfo(torch.int64).max


class LossWatch:
    """Remembers the first step whose losses diverged, of one model or of several side by side.

    It does so in tensors on the device: to look at a loss from Python would make every step wait
    for the device. ``errors`` alone waits.

    Args:
        device: Where the losses are.
        limit: A magnitude beyond which a loss counts as diverged.
    """

    def __init__(self, device: torch.device, limit: float) -> None:
        # an infinite loss is beyond any limit
        self._limit = min(limit, torch.finfo(torch.float32).max)
        self._first = torch.full((), _NEVER, dtype=torch.int64, device=device)
        self._names: tuple[str, ...] = ()
        self._values: Tensor | None = None

    def look(self, losses: Mapping[str, Tensor], step: int | Tensor) -> None:
        """Note the losses of a step, without waiting for the device.

        From the second time on it writes into the same memory, so that it can be captured. As few
        operations as can be: they are of every step, and a GPU starts a kernel for each.

        Args:
            losses: By name, the same names every time: scalars, or ``[K]`` each of K models.
            step: The step's number; also int64 ``[]`` on the device.
        """
        values = torch.stack([value.detach().float() for value in losses.values()])
        if self._values is None:
            self._names, self._values = tuple(losses), values.clone()
            self._first = self._first.expand(values.shape[1:]).clone()
        # that of a NaN is NaN, which is not within the limit either
        largest = torch.linalg.vector_norm(values, ord=math.inf, dim=0)
        diverged = torch.where(largest <= self._limit, _NEVER, step)
        torch.minimum(self._first, diverged, out=self._first)
        # those of the first step that diverged stay
        torch.where(self._first >= step, values, self._values, out=self._values)

    def errors(self, stage: Stage, n: int) -> dict[int, TrainingDivergedError]:
        """What has diverged so far, by the model's number; 0 where there is one model.

        Args:
            stage: What was trained.
            n: Images an epoch.

        Returns:
            Errors that name the step, the epoch and the losses; nothing of a model that is well.
        """
        if self._values is None:
            return {}
        firsts = self._first.reshape(-1).tolist()
        values = self._values.reshape(len(self._names), -1).T.tolist()
        return {
            model: self._error(stage, n, step, own)
            for model, (step, own) in enumerate(zip(firsts, values, strict=True))
            if step < _NEVER
        }

    def _error(self, stage: Stage, n: int, step: int, values: list[float]) -> TrainingDivergedError:
        bad = [
            f"{name} = {value:g}"
            for name, value in zip(self._names, values, strict=True)
            if not (math.isfinite(value) and abs(value) <= self._limit)
        ]
        epoch = step * stage.batch_size / n
        return TrainingDivergedError(
            f"{stage.name} diverged at step {step} (epoch {epoch:.2f}): {', '.join(bad)}.",
            hint="A lower learning rate or float32 precision usually helps.",
        )
