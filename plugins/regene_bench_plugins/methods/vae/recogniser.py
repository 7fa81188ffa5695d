"""The label of an image that comes without one, for encoders that need it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from regene_bench.api import (
    Batch,
    BenchmarkData,
    MethodConfig,
    Runtime,
    Stage,
    constant,
    train,
    warmup_then_cosine,
)
from regene_bench_plugins.methods.common.optim import adam, gradient_step
from regene_bench_plugins.networks.block_description import blocks_for, tapered_blocks
from regene_bench_plugins.networks.convolutional import ConvClassifier


class RecogniserConfig(MethodConfig):
    """A small classifier q(y | x), as in the M2 model of Kingma et al. 2014.

    Attributes:
        recogniser_width: Channels of its innermost block; they halve towards the image.
        recogniser_images: Training images that it sees, repetitions counted.
        recogniser_batch_size: Images a step.
        recogniser_learning_rate: Adam's; peak of the one-cycle schedule.
    """

    recogniser_width: int = Field(default=64, ge=1, le=4096)
    recogniser_images: int = Field(default=300_000, ge=1)
    recogniser_batch_size: int = Field(default=64, ge=2)
    recogniser_learning_rate: float = Field(default=2e-3, gt=0)


def fit_recogniser(
    config: RecogniserConfig, data: BenchmarkData, runtime: Runtime
) -> ConvClassifier:
    """Train a recogniser on ``data.train``; it shares no weight with the autoencoder.

    Raises:
        TrainingDivergedError: The loss is not finite.
        Interrupted: A stop was asked for; the state is saved.
    """
    shape, width = data.shape, config.recogniser_width
    blocks = blocks_for(shape.height, shape.width)
    with runtime.seeded("init", "recogniser"):
        network = ConvClassifier(shape, tapered_blocks(blocks, width, max(1, width // 4)))
    network.to(runtime.device)
    optimizer = adam(network.parameters(), config.recogniser_learning_rate, runtime.device)

    def forward(batch: Batch) -> Tensor:
        with runtime.autocast():
            logits: Tensor = network(batch.images)
        return logits

    def step(batch: Batch) -> Mapping[str, Tensor]:
        loss = F.cross_entropy(forward(batch).float(), batch.labels)
        gradient_step(optimizer, loss)
        return {"cross_entropy": loss.detach()}

    stage = Stage(
        name="recogniser",
        modules={"network": network},
        optimizers={"adam": optimizer},
        step=step,
        batch_size=config.recogniser_batch_size,
        total_images=config.recogniser_images,
        schedule=warmup_then_cosine(),
        forward=forward,
        stretch=constant,
    )
    train(stage, data.train, runtime)
    return network
