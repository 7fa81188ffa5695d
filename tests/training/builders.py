"""A small network to train, and a stop after so many steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from regene_bench.data.shapes import Augmentation
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.stop import StopRequest
from regene_bench.training.schedules import warmup_then_cosine
from regene_bench.training.stage import Batch, Stage

STEPS, BATCH = 6, 32


class StopAfterStep(StopRequest):
    """Asks for a stop once a number of steps are done; the loop looks once a step."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._left = steps

    @property
    def reason(self) -> str | None:
        self._left -= 1
        return "the test" if self._left <= 0 else None


class Tiny:
    """A linear network with dropout and batch norm, and a record of what its steps were given."""

    def __init__(self, runtime: Runtime, optimizer: str = "adam") -> None:
        with runtime.seeded("init"):
            self.network = nn.Sequential(
                nn.Flatten(), nn.Dropout(0.3), nn.Linear(64, 8), nn.BatchNorm1d(8), nn.Linear(8, 3)
            )
        parameters = self.network.parameters()
        if optimizer == "adam":
            self.optimizer: Any = torch.optim.Adam(parameters, lr=1e-2, fused=True)
        else:
            self.optimizer = torch.optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True)
        self.batches: list[Batch] = []
        self.rates: list[float] = []

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        self.batches.append(batch)
        self.rates.append(self.optimizer.param_groups[0]["lr"])
        loss = nn.functional.cross_entropy(self.network(batch.images), batch.labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"cross-entropy": loss.detach()}

    def stage(self, **changes: Any) -> Stage:
        values: dict[str, Any] = {
            "name": "tiny",
            "modules": {"network": self.network},
            "optimizers": {"adam": self.optimizer},
            "step": self.step,
            "batch_size": BATCH,
            "total_images": STEPS * BATCH,
            "schedule": warmup_then_cosine(),
            "augmentation": Augmentation(horizontal_flip=True, crop_padding=1),
        }
        return Stage(**(values | changes))


def state_of(tiny: Tiny) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in tiny.network.state_dict().items()}
