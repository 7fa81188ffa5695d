"""A small method that keeps every contract; faulty ones differ from it in one place."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench.api import (
    Batch,
    BenchmarkData,
    Generation,
    ImageShape,
    Method,
    Preset,
    Runtime,
    SampleRng,
    Stage,
    TrainingLength,
    train,
)

NOISE = 4


class GoodConfig(TrainingLength):
    batch_size: int = 64


class GoodModel:
    def __init__(self, network: nn.Linear, shape: ImageShape) -> None:
        self.network = network
        self.shape = shape

    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        noise = self.noise(labels, rng)
        return Generation(self.images(labels, noise), noise)

    def noise(self, labels: Tensor, rng: SampleRng) -> Tensor:
        return rng.normal(len(labels), (NOISE,)).to(labels.device)

    def images(self, labels: Tensor, noise: Tensor) -> Tensor:
        one_hot = F.one_hot(labels, self.shape.n_classes).float()
        pixels = torch.sigmoid(self.network(torch.cat([one_hot, noise / 10], dim=1)))
        return pixels.reshape(-1, self.shape.channels, self.shape.height, self.shape.width)


class Good(Method):
    """A linear layer from label and noise to pixels, trained to give the class's images."""

    Config = GoodConfig
    config: GoodConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        return {"images": 20_000}

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GoodModel:
        model = self.model(data.shape, runtime)
        self.train(model, data, runtime)
        return model

    def model(self, shape: ImageShape, runtime: Runtime) -> GoodModel:
        with runtime.seeded("init"):
            return GoodModel(self.network(shape).to(runtime.device), shape)

    def network(self, shape: ImageShape) -> nn.Linear:
        return nn.Linear(shape.n_classes + NOISE, shape.channels * shape.height * shape.width)

    def train(self, model: GoodModel, data: BenchmarkData, runtime: Runtime) -> None:
        train(self.stage(model, len(data.train)), data.train, runtime)

    def stage(self, model: GoodModel, n_train: int) -> Stage:
        optimizer = torch.optim.Adam(model.network.parameters(), lr=0.05)

        def step(batch: Batch) -> dict[str, Tensor]:
            noise = torch.randn(len(batch.labels), NOISE, device=batch.labels.device)
            images = model.images(batch.labels, noise)
            loss = F.mse_loss(images, batch.images)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            return {"loss": loss.detach()}

        return Stage(
            name="good",
            modules={"network": model.network},
            optimizers={"adam": optimizer},
            step=step,
            batch_size=self.config.batch_size,
            total_images=self.config.total_images(n_train),
        )
