"""The loop of all GANs: some steps of the discriminator, one of the generator, and again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from regene_bench.api import Batch, BenchmarkData, Clock, Runtime, Schedule, Stage, constant, train
from regene_bench_plugins.methods.common.optim import adam, descend
from regene_bench_plugins.methods.gan.config import GANConfig
from regene_bench_plugins.methods.gan.losses import AdversarialLoss
from regene_bench_plugins.methods.gan.model import GANModel
from regene_bench_plugins.methods.gan.noise import Noise
from regene_bench_plugins.methods.gan.penalty import Penalty, no_penalty
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


@dataclass(frozen=True)
class Match:
    """A game ready to be trained.

    Attributes:
        game: Networks and losses, on the device.
        average: The generator's moving average, which is what generates.
        optimizer_g: The generator's.
        optimizer_d: The discriminator's.
    """

    game: Game
    average: MovingAverage
    optimizer_g: torch.optim.Adam
    optimizer_d: torch.optim.Adam


def play(
    name: str, game: Game, config: GANConfig, data: BenchmarkData, runtime: Runtime
) -> GANModel:
    """Train a game on ``data.train``; the generator's moving average becomes the model.

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
    match = prepared(game, config, runtime.device)
    train(stage_of(name, match, config, len(data.train), runtime), data.train, runtime)
    return model_of(match, config)


def prepared(game: Game, config: GANConfig, device: torch.device) -> Match:
    """Move a game to a device and give it optimisers and the moving average."""
    for module in (game.generator, game.discriminator, game.loss):
        module.to(device)
    betas = (config.beta1, config.beta2)
    rates = (config.generator_learning_rate, config.discriminator_learning_rate)
    return Match(
        game,
        MovingAverage(game.generator, config.average).to(device),
        adam(game.generator.parameters(), rates[0], device, betas),
        adam(game.discriminator.parameters(), rates[1], device, betas),
    )


def model_of(match: Match, config: GANConfig) -> GANModel:
    """What a benchmark is given in the end."""
    return GANModel(match.average.network, match.game.noise, config.conditional)


def stage_of(name: str, match: Match, config: GANConfig, n_train: int, runtime: Runtime) -> Stage:
    """The whole training of a game.

    A step of the loop is ``discriminator_steps`` steps of the discriminator, each on a batch of its
    own, and one of the generator. The generator's step takes the images that the discriminator was
    last shown, which saves a pass.
    """
    game, average = match.game, match.average
    generator, discriminator, loss = game.generator, game.discriminator, game.loss

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
            descend(match.optimizer_d, loss_d)

        discriminator.requires_grad_(False)
        with runtime.autocast():
            judged = discriminator(fake, labels)
        loss_g = loss.generator(judged, labels)
        descend(match.optimizer_g, loss_g)
        discriminator.requires_grad_(True)
        average.update(generator)
        return {"discriminator": loss_d.detach(), "generator": loss_g.detach()}

    return Stage(
        name=name,
        modules={
            "generator": generator,
            "discriminator": discriminator,
            "average": average,
            "loss": loss,
        },
        optimizers={"generator": match.optimizer_g, "discriminator": match.optimizer_d},
        step=step,
        batch_size=config.batch_size * config.discriminator_steps,
        total_images=config.total_images(n_train),
        schedule=game.schedule,
        loss_limit=loss.limit,
    )
