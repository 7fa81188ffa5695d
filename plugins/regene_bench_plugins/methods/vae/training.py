"""Training an autoencoder with any objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from regene_bench.api import (
    Batch,
    DeviceImages,
    Runtime,
    Schedule,
    Stage,
    constant,
    decay_every,
    train,
    warmup_then_cosine,
)
from regene_bench_plugins.methods.common.optim import adam, gradient_step
from regene_bench_plugins.methods.vae.network import Autoencoding
from regene_bench_plugins.methods.vae.objectives import EncodedBatch, Objective


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train.

    Attributes:
        total_images: Images seen, repetitions counted.
        batch_size: Images a step.
        learning_rate: Adam's.
        schedule: Factor on it.
        objective_rate: Factor on the rate of what the objective itself learns.
    """

    total_images: int
    batch_size: int
    learning_rate: float
    schedule: Schedule = field(default_factory=warmup_then_cosine)
    objective_rate: float = 1.0


def rate_schedule(halved_every: float | None, one_cycle: bool) -> Schedule:
    """How a rate changes over a training.

    Args:
        halved_every: Epochs after which it is halved, again and again; wins if it is given.
        one_cycle: Whether it rises and falls once (``warmup_then_cosine``) or is constant.
    """
    if halved_every is not None:
        return decay_every(halved_every, 0.5)
    return warmup_then_cosine() if one_cycle else constant


def fit_autoencoder(
    name: str,
    network: Autoencoding,
    objective: Objective,
    plan: Plan,
    data: DeviceImages,
    runtime: Runtime,
) -> None:
    """Train network and objective, in place.

    Args:
        name: Names the stage, its checkpoint and its random streams.
        network: Moved to the runtime's device here.
        objective: Likewise.
        plan: Length, batch and rate.
        data: What to train on.
        runtime: Device, precision, seed, checkpoints.

    Raises:
        TrainingDivergedError: A loss is not finite; names the term and the step.
        Interrupted: A stop was asked for; the state is saved.
    """
    network.to(runtime.device)
    objective.to(runtime.device)
    optimizer = adam(network.parameters(), plan.learning_rate, runtime.device)
    learned = [parameter for parameter in objective.parameters() if parameter.requires_grad]
    if learned:
        rate = plan.objective_rate * plan.learning_rate
        optimizer.add_param_group({"params": learned, "lr": rate})

    def forward(batch: Batch) -> EncodedBatch:
        with runtime.autocast():
            posterior = network.posterior(batch.images, batch.labels)
            z = posterior.draw()
            logits = network.logits(z, batch.labels)
        return EncodedBatch(batch.images, batch.labels, posterior, z, logits, batch.weights)

    def step(batch: Batch) -> Mapping[str, Tensor]:
        if batch.clock.step == 0:  # here, since a model that is only loaded has no images
            network.start_from(data)
        terms = objective(forward(batch))
        gradient_step(optimizer, sum_of_terms(terms))
        return {term: value.detach() for term, value in terms.items()}

    stage = Stage(
        name=name,
        modules={"network": network, "objective": objective},
        optimizers={"adam": optimizer},
        step=step,
        batch_size=plan.batch_size,
        total_images=plan.total_images,
        schedule=plan.schedule,
        forward=forward,
        weights=objective.weights,
        stretch=constant,
    )
    train(stage, data, runtime)


def sum_of_terms(terms: Mapping[str, Tensor]) -> Tensor:
    """Add the terms of a loss, scalars, in their order."""
    first, *rest = terms.values()
    total = first
    for term in rest:
        total = total + term
    return total
