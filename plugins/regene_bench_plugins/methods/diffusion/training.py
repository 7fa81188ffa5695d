"""Training a diffusion or flow model: one network, one loop, any objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from regene_bench.api import (
    Batch,
    BenchmarkData,
    DeviceImages,
    Runtime,
    SampleRng,
    Stage,
    constant,
    train,
)
from regene_bench_plugins.methods.common.optim import adam, gradient_step
from regene_bench_plugins.methods.diffusion.config import DiffusionConfig
from regene_bench_plugins.methods.diffusion.model import DiffusionModel
from regene_bench_plugins.methods.diffusion.objective import Objective, to_symmetric
from regene_bench_plugins.methods.diffusion.sampler import Sampler
from regene_bench_plugins.networks.average import MovingAverage
from regene_bench_plugins.networks.unet import UNet


def fit_diffusion(
    name: str,
    objective: Objective,
    sampler: Sampler,
    config: DiffusionConfig,
    data: BenchmarkData,
    runtime: Runtime,
) -> DiffusionModel:
    """Train a U-Net; its moving average becomes the model.

    Args:
        name: Names the stage, its checkpoint and its random streams.
        objective: What the network learns to predict.
        sampler: How images are drawn in the end.
        config: Network, length and rate.
        data: The benchmark's data.
        runtime: Device, precision, seed, checkpoints.

    Raises:
        TrainingDivergedError: The loss is not finite; names the step.
        Interrupted: A stop was asked for; the state is saved.
    """
    with runtime.seeded("init"):
        network = UNet(data.shape, config.network_size())
    network.to(runtime.device)
    average = MovingAverage(network, config.average)
    model = DiffusionModel(
        average.network,
        objective,
        sampler,
        data.shape,
        guidance=config.guidance,
        conditional=config.conditional,
    )

    def sketch(labels: Tensor) -> Tensor:
        # the same noise each time, so that one sees the same samples change
        return model.generate(labels, SampleRng(runtime.derive_seed("sketch"))).images

    stage = training_stage(name, network, average, objective, config, data, runtime)
    train(replace(stage, sketch=sketch), training_images(config, data), runtime)
    return model


def training_stage(
    name: str,
    network: nn.Module,
    average: MovingAverage,
    objective: Objective,
    config: DiffusionConfig,
    data: BenchmarkData,
    runtime: Runtime,
) -> Stage:
    """Describe the training of a network for ``train``.

    Args:
        name: Of the stage.
        network: Maps images, noise levels and labels to predictions, on the runtime's device.
        average: Its moving average.
        objective: What the network learns to predict.
        config: Length and rate, and which labels are shown.
        data: The benchmark's data.
        runtime: Its precision is that of the network's passes.
    """
    optimizer = adam(network.parameters(), config.learning_rate, runtime.device)

    def step(batch: Batch) -> Mapping[str, Tensor]:
        shown = shown_labels(batch.labels, data.shape.n_classes, config)
        with runtime.autocast():
            losses = objective.losses(network, to_symmetric(batch.images), shown)
        loss = losses.mean()
        gradient_step(optimizer, loss)
        average.update(network)
        return {"loss": loss.detach()}

    return Stage(
        name=name,
        modules={"network": network, "average": average},
        optimizers={"adam": optimizer},
        step=step,
        batch_size=config.batch_size,
        total_images=config.total_images(len(training_images(config, data))),
        schedule=config.schedule(),
        stretch=constant,
    )


def training_images(config: DiffusionConfig, data: BenchmarkData) -> DeviceImages:
    """What the network is trained on: without labels only the classes that are generated."""
    return data.train if config.conditional else data.train_generated()


def shown_labels(labels: Tensor, no_class: int, config: DiffusionConfig) -> Tensor:
    """Labels as the network is shown them, int64 ``[N]``: some, or all, as no class."""
    if not config.conditional:
        return torch.full_like(labels, no_class)
    if not config.label_dropout:
        return labels
    dropped = torch.rand(len(labels), device=labels.device) < config.label_dropout
    return torch.where(dropped, no_class, labels)
