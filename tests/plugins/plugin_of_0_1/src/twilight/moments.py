"""A mean image for each class, learned by gradient descent, and noise around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import Field
from regene_bench.api import (
    Batch,
    BenchmarkData,
    Generation,
    ImageShape,
    Message,
    Method,
    MethodError,
    Preset,
    Runtime,
    SampleRng,
    Stage,
    TrainingLength,
    mae,
    one_cycle,
    train,
)
from torch import Tensor, nn


class MomentsConfig(TrainingLength):
    """Spread and rate."""

    spread: float = Field(default=0.05, ge=0, le=1)
    batch_size: int = Field(default=20, ge=1)
    learning_rate: float = Field(default=0.05, gt=0)


class MomentsModel:
    """Generates a class's mean image with noise."""

    def __init__(self, means: Tensor, spread: float) -> None:
        self._means, self._spread = means, spread

    @torch.inference_mode()
    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        noise = rng.normal(len(labels), tuple(self._means.shape[1:])).to(labels.device)
        return Generation((self._means[labels] + self._spread * noise).clamp(0, 1))


class Moments(Method):
    """One mean image a class, learned by gradient descent, and noise of one spread around it."""

    version = "3"
    Config = MomentsConfig
    config: MomentsConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        return {"images": 4000 if preset == "quick" else 40_000}

    @classmethod
    def smoke(cls, shape: ImageShape) -> dict[str, Any]:
        return {"images": 400}

    def fit(self, data: BenchmarkData, runtime: Runtime) -> MomentsModel:
        if len(data.train) == 0:
            raise MethodError("moments needs images.")
        config, shape = self.config, data.shape
        with runtime.seeded("init"):
            means = nn.Embedding(shape.n_classes, shape.channels * shape.height * shape.width)
        means.to(runtime.device)
        optimizer = torch.optim.Adam(means.parameters(), lr=config.learning_rate)

        def step(batch: Batch) -> Mapping[str, Tensor]:
            found = means(batch.labels).reshape(batch.images.shape).sigmoid()
            loss = mae(found, batch.images)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
            return {"mae": loss.detach()}

        stage = Stage(
            name="moments",
            modules={"means": means},
            optimizers={"adam": optimizer},
            step=step,
            batch_size=config.batch_size,
            total_images=config.total_images(len(data.train)),
            schedule=one_cycle(warmup=0.1),
        )
        train(stage, data.train, runtime)
        runtime.emit(Message("moments are learned"))
        size = (shape.n_classes, shape.channels, shape.height, shape.width)
        return MomentsModel(means.weight.detach().reshape(size).sigmoid(), config.spread)
