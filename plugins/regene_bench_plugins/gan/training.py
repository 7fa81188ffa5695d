"""The loop of all GANs: some steps of the discriminator, one of the generator, and again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from regene_bench.api import (
    Batch,
    BenchmarkData,
    Clock,
    Runtime,
    Schedule,
    Stage,
    constant,
    train,
)
from regene_bench_plugins.gan.config import GANConfig
from regene_bench_plugins.gan.losses import AdversarialLoss
from regene_bench_plugins.gan.model import GANModel
from regene_bench_plugins.gan.noise import Noise
from regene_bench_plugins.gan.penalty import Penalty, no_penalty
from regene_bench_plugins.methods.optim import adam, descend
from regene_bench_plugins.networks.average import MovingAverage


@dataclass(frozen=True)
class Game:
    """Who plays, and for what.

    Attributes:
        generator: Maps noise ``[N, Z]`` and labels ``[N]`` to images ``[N, C, H, W]`` in [0, 1].
        discriminator: Maps images and labels to a ``Verdict``.
        loss: What both minimise.
        noise: The generator's noise.
        penalty: A further term of the discriminator's loss.
        schedule: Factor on both learning rates.
    """

    generator: nn.Module
    discriminator: nn.Module
    loss: AdversarialLoss
    noise: Noise
    penalty: Penalty = no_penalty
    schedule: Schedule = constant


def linear_decay(clock: Clock) -> float:
    """Rates that fall to 0 over the whole training."""
    return 1 - clock.progress


def play(
    name: str, game: Game, config: GANConfig, data: BenchmarkData, runtime: Runtime
) -> GANModel:
    """Train a game on ``data.train``; the generator's moving average becomes the model.

    A step of the loop is ``discriminator_steps`` steps of the discriminator, each on a batch of its
    own, and one of the generator. The generator's step takes the images that the discriminator was
    last shown, which saves a pass.

    Args:
        name: Names the stage, its checkpoint and its random streams.
        game: Networks (moved to the runtime's device here) and losses.
        config: Lengths and rates.
        data: The benchmark's data.
        runtime: Device, precision, seed, checkpoints.

    Raises:
        TrainingDivergedError: A loss is not finite or beyond all use; names the network and step.
        Interrupted: A stop was asked for; the state is saved.
    """
    generator = game.generator.to(runtime.device)
    discriminator = game.discriminator.to(runtime.device)
    loss = game.loss.to(runtime.device)
    average = MovingAverage(generator, config.average).to(runtime.device)
    betas = (config.beta1, config.beta2)
    optimizer_g = adam(
        generator.parameters(), config.generator_learning_rate, runtime.device, betas
    )
    optimizer_d = adam(
        discriminator.parameters(), config.discriminator_learning_rate, runtime.device, betas
    )

    def step(batch: Batch) -> Mapping[str, Tensor]:
        for images, labels in zip(
            torch.split(batch.images, config.batch_size),
            torch.split(batch.labels, config.batch_size),
            strict=True,
        ):
            noise = game.noise.draw(len(labels), labels.device)
            with runtime.autocast():
                fake = generator(noise, labels)
                on_real = discriminator(images, labels)
                on_fake = discriminator(fake.detach(), labels)
            loss_d = loss.discriminator(on_real, on_fake, labels)
            loss_d = loss_d + game.penalty(discriminator, images, fake.detach(), labels)
            descend(optimizer_d, loss_d)

        discriminator.requires_grad_(False)
        with runtime.autocast():
            judged = discriminator(fake, labels)
        loss_g = loss.generator(judged, labels)
        descend(optimizer_g, loss_g)
        discriminator.requires_grad_(True)
        average.update(generator)
        return {"discriminator": loss_d.detach(), "generator": loss_g.detach()}

    stage = Stage(
        name=name,
        modules={
            "generator": generator,
            "discriminator": discriminator,
            "average": average,
            "loss": loss,
        },
        optimizers={"generator": optimizer_g, "discriminator": optimizer_d},
        step=step,
        batch_size=config.batch_size * config.discriminator_steps,
        total_images=config.total_images(len(data.train)),
        schedule=game.schedule,
        loss_limit=loss.limit,
    )
    train(stage, data.train, runtime)
    return GANModel(average.network, game.noise, config.conditional)
