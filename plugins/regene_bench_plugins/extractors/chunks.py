"""How many images go through an extractor's network at once."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from regene_bench_plugins.extractors.openvino_network import CompiledNetwork, Network


def in_chunks_on_cpu(
    network: Network, inputs_of: Callable[[Tensor], Tensor], images: Tensor, on_cpu: int
) -> Tensor:
    """Apply a network to few images at a time where that is faster.

    On a CPU the activations of a large batch leave its caches, and the time goes into memory.

    Args:
        network: Maps inputs ``[n, 3, S, S]`` to ``[n, D]``, each image by itself.
        inputs_of: Maps images ``[n, C, H, W]`` to the network's inputs.
        images: ``[N, C, H, W]`` with N ≥ 1.
        on_cpu: Images at a time on a CPU; elsewhere all go at once.

    Returns:
        ``[N, D]``.
    """
    size = on_cpu if images.device.type == "cpu" else len(images)
    inputs = (inputs_of(part) for part in torch.split(images, size))
    if isinstance(network, CompiledNetwork):
        return torch.cat(network.all_of(inputs))
    return torch.cat([network(part) for part in inputs])
