"""Running statistics of batch normalisations that belong to the weights that training ended with.

A batch norm normalises by the batch in training, and in evaluation by averages that follow the
batches slowly. Where weights still move when a stage ends, the averages are of weights that are no
more: after 200 steps at a constant rate, a classifier that gets 95 % by the statistics of its
batches may get 90 % by its averages. So they are taken anew from some batches of the final weights
(the "precise" statistics of Wu & Johnson 2021, "Rethinking 'Batch' in BatchNorm", section 3).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from regene_bench.data.augment import augment
from regene_bench.data.device_images import DeviceImages
from regene_bench.runtime.runtime import Runtime
from regene_bench.training.stage import Batch, Stage

# Wu & Johnson find no gain from more than some thousands.
_MOST_IMAGES = 5_000


def settle_statistics(stage: Stage, data: DeviceImages, runtime: Runtime) -> None:
    """Take the running statistics of a stage's batch norms anew, by ``stage.forward``.

    Each becomes the mean over batches of up to 5,000 of the stage's images (no more than it was
    trained on), shuffled and augmented by a random stream of its own: it is a function of the
    weights, the data and the run's seed. Everything but batch norms is in evaluation mode then.
    Norms that ``forward`` does not pass keep what they have, and those that are in evaluation mode
    while their network trains. Without ``forward`` or without batch
    norms nothing is computed and nothing is drawn.

    Args:
        stage: What was trained; its batch norms change, and nothing else of it.
        data: The training images.
        runtime: Its seed. A stop waits for the end: a stage whose steps are done must not be lost.
    """
    # those that a network keeps in evaluation mode while it trains are not its own
    norms = [norm for norm in _batch_norms(stage.modules.values()) if norm.training]
    if stage.forward is None or not norms:
        return
    for module in stage.modules.values():
        module.eval()
    before = [{key: value.clone() for key, value in norm.named_buffers()} for norm in norms]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        # torch's word for the mean over all batches
        norm.momentum = None
        norm.train()
    clock = stage.clock(stage.total_steps, len(data))
    weights = stage.weights_at(clock)
    with runtime.seeded(stage.name, "running statistics"), torch.no_grad():
        for indices in _batches(stage, len(data), data.device):
            images = data.batch(indices)
            if stage.augmentation is not None:
                images = augment(images, stage.augmentation)
            stage.forward(Batch(images, data.labels[indices], clock, weights))
    for norm, momentum, buffers in zip(norms, momenta, before, strict=True):
        norm.momentum = momentum
        if not norm.num_batches_tracked:
            norm.load_state_dict(buffers, strict=False)


def _batch_norms(modules: Iterable[nn.Module]) -> Iterator[_BatchNorm]:
    for layer in dict.fromkeys(layer for module in modules for layer in module.modules()):
        if isinstance(layer, _BatchNorm) and layer.running_mean is not None:
            yield layer


def _batches(stage: Stage, n: int, device: torch.device) -> Iterable[Tensor]:
    """Indices of whole batches, int64 ``[batch_size]`` each, drawn without repetition if it can."""
    size = stage.batch_size
    steps = max(1, min(_MOST_IMAGES, n, stage.total_images) // size)
    order = torch.randperm(n).repeat(math.ceil(steps * size / n))
    return torch.split(order[: steps * size].to(device), size)
