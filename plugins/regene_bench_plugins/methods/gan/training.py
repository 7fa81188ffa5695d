"""Training a GAN: some steps of the discriminator, one of the generator, and again.

A ``GANSetup`` says what is trained (networks, loss, noise). ``prepare_state`` adds what training
changes besides (optimisers, the generator's moving average), and ``train_gan`` does the rest.
"""

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
    SampleRng,
    Schedule,
    Stage,
    constant,
    train,
)
from regene_bench_plugins.methods.common.optim import adam, gradient_step
from regene_bench_plugins.methods.gan.config import GANConfig
from regene_bench_plugins.methods.gan.losses import AdversarialLoss, Penalty, no_penalty
from regene_bench_plugins.methods.gan.model import GANModel
from regene_bench_plugins.methods.gan.noise import Noise
from regene_bench_plugins.networks.average import MovingAverage


@dataclass(frozen=True)
class GANSetup:
    """What is trained: two networks, their losses, and the generator's noise.

    Attributes:
        generator: Maps noise ``[N, Z]`` and labels ``[N]`` to images ``[N, C, H, W]`` in [0, 1].
        discriminator: Maps images and labels to a ``DiscriminatorOutput``.
        loss: What both minimise.
        noise: The distribution of the generator's noise.
        penalty: A further term of the discriminator's loss.
        schedule: Factor on both learning rates.
        fresh: Whether the generator's step has noise of its own; otherwise it takes the images that
            the discriminator was last shown, which saves a pass.
    """

    generator: nn.Module
    discriminator: nn.Module
    loss: AdversarialLoss
    noise: Noise
    penalty: Penalty = no_penalty
    schedule: Schedule = constant
    fresh: bool = False


@dataclass(frozen=True)
class GANState:
    """A setup on its device, with everything else that training changes.

    Attributes:
        setup: Networks and losses, on the device.
        average: The generator's moving average, which is what generates in the end.
        optimizer_g: The generator's.
        optimizer_d: The discriminator's.
    """

    setup: GANSetup
    average: MovingAverage
    optimizer_g: torch.optim.Adam
    optimizer_d: torch.optim.Adam


def linear_decay(clock: Clock) -> float:
    """A schedule: rates that fall to 0 over the whole training."""
    return 1 - clock.progress


def train_gan(
    name: str, setup: GANSetup, config: GANConfig, data: BenchmarkData, runtime: Runtime
) -> GANModel:
    """Train both networks; the generator's moving average becomes the model.

    They see ``data.train``, without labels only the classes that are generated.

    Args:
        name: Names the stage, its checkpoint and its random streams.
        setup: Networks (moved to the runtime's device here) and losses.
        config: Lengths and rates.
        data: The benchmark's data.
        runtime: Device, precision, seed, checkpoints.

    Raises:
        TrainingDivergedError: A loss is not finite or beyond all use; names the network and step.
        Interrupted: A stop was asked for; the state is saved.
    """
    state = prepare_state(setup, config, runtime.device)
    images = data.train if config.conditional else data.train_generated()
    train(training_stage(name, state, config, len(images), runtime), images, runtime)
    return trained_model(state, config)


def prepare_state(setup: GANSetup, config: GANConfig, device: torch.device) -> GANState:
    """Move networks and loss to a device, and make their optimisers and the moving average."""
    for module in (setup.generator, setup.discriminator, setup.loss):
        module.to(device)
    betas = (config.beta1, config.beta2)
    rates = (config.generator_learning_rate, config.discriminator_learning_rate)
    return GANState(
        setup,
        MovingAverage(setup.generator, config.average).to(device),
        adam(setup.generator.parameters(), rates[0], device, betas),
        adam(setup.discriminator.parameters(), rates[1], device, betas),
    )


def trained_model(state: GANState, config: GANConfig) -> GANModel:
    """The model that a benchmark is given: the averaged generator and its noise."""
    return GANModel(state.average.network, state.setup.noise, config.conditional)


def training_stage(
    name: str, state: GANState, config: GANConfig, n_train: int, runtime: Runtime
) -> Stage:
    """Describe the whole training for ``train``.

    A step of the loop is ``discriminator_steps`` steps of the discriminator, each on a batch of its
    own, and one of the generator for the labels of the last of them.

    Args:
        name: Of the stage.
        state: What is trained; its networks are changed in place.
        config: Lengths and rates.
        n_train: Images in the training split, to turn epochs into images.
        runtime: Its precision is that of the networks' passes.
    """
    setup, average = state.setup, state.average
    generator, discriminator, loss = setup.generator, setup.discriminator, setup.loss

    def step(batch: Batch) -> Mapping[str, Tensor]:
        for images, labels in zip(
            torch.split(batch.images, config.batch_size),
            torch.split(batch.labels, config.batch_size),
            strict=True,
        ):
            noise = setup.noise.draw(len(labels), labels.device)
            with runtime.autocast():
                fake = generator(noise, labels)
                on_real = discriminator(images, labels)
                on_fake = discriminator(fake.detach(), labels)
            loss_d = loss.discriminator(on_real, on_fake, labels)
            loss_d = loss_d + setup.penalty(discriminator, images, fake.detach(), labels)
            gradient_step(state.optimizer_d, loss_d)

        discriminator.requires_grad_(False)
        with runtime.autocast():
            if setup.fresh:
                fake = generator(setup.noise.draw(len(labels), labels.device), labels)
            on_fake = discriminator(fake, labels)
        loss_g = loss.generator(on_fake, labels)
        gradient_step(state.optimizer_g, loss_g)
        discriminator.requires_grad_(True)
        average.update(generator)
        return {"discriminator": loss_d.detach(), "generator": loss_g.detach()}

    def forward(batch: Batch) -> None:
        # of the averaged weights, which are what generates in the end
        for labels in torch.split(
            batch.labels, config.batch_size
        ):  # a batch of a stage has several
            noise = setup.noise.draw(len(labels), labels.device)
            with runtime.autocast():
                average.network(noise, labels)

    def sketch(labels: Tensor) -> Tensor:
        # the same noise each time, so that one sees the same samples change
        rng = SampleRng(runtime.derive_seed("sketch"))
        return trained_model(state, config).generate(labels, rng).images

    return Stage(
        name=name,
        modules={
            "generator": generator,
            "discriminator": discriminator,
            "average": average,
            "loss": loss,
        },
        optimizers={"generator": state.optimizer_g, "discriminator": state.optimizer_d},
        step=step,
        batch_size=config.batch_size * config.discriminator_steps,
        total_images=config.total_images(n_train),
        schedule=setup.schedule,
        loss_limit=loss.limit,
        forward=forward,
        sketch=sketch,
        stretch=constant,
    )
