"""How many images go through an extractor's network at once."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from regene_bench_plugins.extractors.openvino_network import (
    CompiledNetwork,
    Network,
    most_at_once,
)


def in_chunks_on_cpu(
    network: Network, inputs_of: Callable[[Tensor], Tensor], images: Tensor, on_cpu: int
) -> Tensor:
    """Apply a network to few images at a time where that is faster.

    On a CPU the activations of a large batch leave its caches, and the time goes into memory.

    Args:
        network: Maps inputs ``[n, C, S, S]`` to ``[n, D]``, each image by itself.
        inputs_of: Maps images ``[n, C, H, W]`` to the network's inputs.
        images: ``[N, C, H, W]`` with N ≥ 1.
        on_cpu: Images at a time on a CPU; elsewhere all go at once.

    Returns:
        ``[N, D]``.
    """
    if isinstance(network, CompiledNetwork):
        # no fewer parts than are computed at once
        size = max(1, min(on_cpu, -(-len(images) // most_at_once())))
        return torch.cat(network.all_of(inputs_of(part) for part in torch.split(images, size)))
    size = on_cpu if images.device.type == "cpu" else len(images)
    return torch.cat([network(inputs_of(part)) for part in torch.split(images, size)])
