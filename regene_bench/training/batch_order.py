"""Which images make which batch."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from regene_bench.runtime.runtime import Runtime
from regene_bench.training.stage import Stage


def batches(
    stage: Stage, n: int, runtime: Runtime, device: torch.device, first: int = 0
) -> Iterator[tuple[int, Tensor]]:
    """Yield step and indices, int64 ``[batch_size]`` on the device, from shuffled epochs in a row.

    The order is a function of seed, stage and position alone, so it needs no saved state.

    Args:
        stage: Its name, batch size and length.
        n: Number of training images.
        runtime: Its seed.
        device: Where the images are.
        first: The first step that is wanted.
    """
    size = stage.batch_size
    epochs: dict[int, Tensor] = {}

    def order(epoch: int) -> Tensor:
        if epoch not in epochs:
            seed = runtime.derive_seed(stage.name, "order", epoch)
            generator = torch.Generator().manual_seed(seed)
            epochs[epoch] = torch.randperm(n, generator=generator).to(device)
            epochs.pop(epoch - 2, None)
        return epochs[epoch]

    for step in range(first, stage.total_steps):
        position, end = step * size, (step + 1) * size
        parts = []
        while position < end:
            epoch, offset = divmod(position, n)
            take = min(end - position, n - offset)
            parts.append(order(epoch)[offset : offset + take])
            position += take
        yield step, parts[0] if len(parts) == 1 else torch.cat(parts)
