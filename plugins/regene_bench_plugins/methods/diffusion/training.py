"""Training a diffusion or flow model: one network, one loop, any objective."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from regene_bench.api import Batch, BenchmarkData, Runtime, SampleRng, Stage, train
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

    It sees ``data.train``, without labels only the classes that are generated.

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
    optimizer = adam(network.parameters(), config.learning_rate, runtime.device)
    model = DiffusionModel(
        average.network,
        objective,
        sampler,
        data.shape,
        guidance=config.guidance,
        conditional=config.conditional,
    )

    def step(batch: Batch) -> Mapping[str, Tensor]:
        shown = shown_labels(batch.labels, data.shape.n_classes, config)
        with runtime.autocast():
            losses = objective.losses(network, to_symmetric(batch.images), shown)
        loss = losses.mean()
        gradient_step(optimizer, loss)
        average.update(network)
        return {"loss": loss.detach()}

    def sketch(labels: Tensor) -> Tensor:
        # the same noise each time, so that one sees the same samples change
        return model.generate(labels, SampleRng(runtime.derive_seed("sketch"))).images

    images = data.train if config.conditional else data.train_generated()
    stage = Stage(
        name=name,
        modules={"network": network, "average": average},
        optimizers={"adam": optimizer},
        step=step,
        batch_size=config.batch_size,
        total_images=config.total_images(len(images)),
        schedule=config.schedule(),
        sketch=sketch,
    )
    train(stage, images, runtime)
    return model


def shown_labels(labels: Tensor, no_class: int, config: DiffusionConfig) -> Tensor:
    """Labels as the network is shown them, int64 ``[N]``: some, or all, as no class."""
    if not config.conditional:
        return torch.full_like(labels, no_class)
    if not config.label_dropout:
        return labels
    dropped = torch.rand(len(labels), device=labels.device) < config.label_dropout
    return torch.where(dropped, no_class, labels)
