"""Conditional GAN with any noise dimension from 0 up (Mirza & Osindero 2014; He)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import Field
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
from regene_bench_plugins.methods.inference import in_chunks
from regene_bench_plugins.methods.optim import adam, descend
from regene_bench_plugins.methods.presets import is_colour, is_small
from regene_bench_plugins.networks.adversarial import StridedDiscriminator, TransposedGenerator
from regene_bench_plugins.networks.average import MovingAverage
from regene_bench_plugins.networks.labels import one_hot, with_label_planes

_MOST_DOUBLINGS = 3


class CGANConfig(TrainingLength):
    """Networks, losses and rates.

    Attributes:
        noise_dim: Length of the noise; with 0 a class has one image.
        blocks: Stride-2 layers of both networks; ``None`` for as many as leave about 4 pixels.
        width: Channels nearest the image, in the generator; they double inwards, up to 8 times.
        discriminator_width: The same in the discriminator.
        kernel: Side of the convolutions, 3 or 4.
        slope: Negative slope of the generator's LeakyReLU; 0 is a ReLU.
        norm: Batch normalisation in the generator.
        discriminator_norm: Batch normalisation in the discriminator.
        batch_size: Images a step.
        generator_learning_rate: Adam's.
        discriminator_learning_rate: Adam's.
        beta1: Adam's first moment, of both.
        beta2: Adam's second moment, of both.
        average: Decay of the generator's moving average, which is what generates; 0 for none.
    """

    noise_dim: int = Field(default=64, ge=0, le=4096)
    blocks: int | None = Field(default=None, ge=1, le=10)
    width: int = Field(default=64, ge=1, le=4096)
    discriminator_width: int = Field(default=64, ge=1, le=4096)
    kernel: int = Field(default=4, ge=3, le=4)
    slope: float = Field(default=0.0, ge=0, lt=1)
    norm: bool = True
    discriminator_norm: bool = True
    batch_size: int = Field(default=64, ge=2)
    generator_learning_rate: float = Field(default=2e-4, gt=0)
    discriminator_learning_rate: float = Field(default=2e-4, gt=0)
    beta1: float = Field(default=0.5, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)
    average: float = Field(default=0.999, ge=0, lt=1)

    def widths(self, first: int, shape: ImageShape) -> tuple[int, ...]:
        """Channels of the blocks from the image inwards."""
        blocks = self.blocks
        if blocks is None:
            side = min(shape.height, shape.width)
            blocks = max(1, (side - 1).bit_length() - 2)
        return tuple(first << min(block, _MOST_DOUBLINGS) for block in range(blocks))


class CGANModel:
    """A generator; noise comes from the sampling streams."""

    def __init__(self, generator: nn.Module, noise_dim: int, n_classes: int) -> None:
        self._generator = generator
        self._noise_dim = noise_dim
        self._n_classes = n_classes

    @torch.inference_mode()
    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        """Map noise and label to one image per label, int64 ``[N]``."""
        noise = rng.normal(len(labels), (self._noise_dim,)).to(labels.device)
        inputs = torch.cat([noise, one_hot(labels, self._n_classes)], dim=1)
        return Generation(in_chunks(self._generator, inputs), noise if self._noise_dim else None)


class CGAN(Method):
    """Non-saturating loss; noise ⊕ one-hot label in, label planes at the discriminator."""

    Config = CGANConfig
    config: CGANConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: He's network for MNIST (section 3), its rates and its 20 epochs."""
        if preset == "quick":
            small = is_small(shape)
            rate = 1e-3 if small else 4e-4
            return {
                "images": 50_000 if small else 120_000 if is_colour(shape) else 100_000,
                "width": 48 if small else 32,
                "discriminator_width": 32,
                "generator_learning_rate": rate,
                "discriminator_learning_rate": rate,
                "average": 0.99 if small else 0.995,
            }
        if preset == "standard":
            return {"images": 1_500_000}
        return {
            "epochs": 20,
            "blocks": 2,
            "width": 64,
            "discriminator_width": 64,
            "kernel": 3,
            "slope": 0.2,
            "norm": False,
            "discriminator_norm": False,
            "generator_learning_rate": 3e-4,
            "discriminator_learning_rate": 3e-4,
            "beta1": 0.9,
            "average": 0.0,
        }

    def fit(self, data: BenchmarkData, runtime: Runtime) -> CGANModel:
        """Train both networks on ``data.train``."""
        config, shape = self.config, data.shape
        inputs = config.noise_dim + shape.n_classes
        with runtime.seeded("init"):
            generator = TransposedGenerator(
                shape,
                inputs,
                config.widths(config.width, shape),
                kernel=config.kernel,
                slope=config.slope,
                norm=config.norm,
            )
            discriminator = StridedDiscriminator(
                shape,
                shape.n_classes,
                config.widths(config.discriminator_width, shape),
                kernel=config.kernel,
                norm=config.discriminator_norm,
            )
        generator.to(runtime.device)
        discriminator.to(runtime.device)
        average = MovingAverage(generator, config.average).to(runtime.device)
        stage = self._stage(generator, discriminator, average, data, runtime)
        train(stage, data.train, runtime)
        return CGANModel(average.network, config.noise_dim, shape.n_classes)

    def _stage(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        average: MovingAverage,
        data: BenchmarkData,
        runtime: Runtime,
    ) -> Stage:
        config, n_classes = self.config, data.shape.n_classes
        betas = (config.beta1, config.beta2)
        optimizer_g = adam(
            generator.parameters(), config.generator_learning_rate, runtime.device, betas
        )
        optimizer_d = adam(
            discriminator.parameters(), config.discriminator_learning_rate, runtime.device, betas
        )

        def step(batch: Batch) -> Mapping[str, Tensor]:
            labels = batch.labels
            noise = torch.randn(len(labels), config.noise_dim, device=labels.device)
            inputs = torch.cat([noise, one_hot(labels, n_classes)], dim=1)
            with runtime.autocast():
                fake = generator(inputs)
                on_real = discriminator(with_label_planes(batch.images, labels, n_classes))
                on_fake = discriminator(with_label_planes(fake.detach(), labels, n_classes))
            loss_d = F.softplus(-on_real).mean() + F.softplus(on_fake).mean()
            descend(optimizer_d, loss_d)

            discriminator.requires_grad_(False)
            with runtime.autocast():
                judged = discriminator(with_label_planes(fake, labels, n_classes))
            loss_g = F.softplus(-judged).mean()
            descend(optimizer_g, loss_g)
            discriminator.requires_grad_(True)
            average.update(generator)
            return {"discriminator": loss_d.detach(), "generator": loss_g.detach()}

        return Stage(
            name="cgan",
            modules={"generator": generator, "discriminator": discriminator, "average": average},
            optimizers={"generator": optimizer_g, "discriminator": optimizer_d},
            step=step,
            batch_size=config.batch_size,
            total_images=config.total_images(len(data.train)),
        )
