"""Exponential moving average of a network's weights."""

from __future__ import annotations

import copy

import torch
from torch import nn


class MovingAverage(nn.Module):
    """A copy of a network whose weights follow it slowly; a module, so that checkpoints hold it.

    Args:
        network: The network that is followed.
        decay: Share of the average that is kept in each update.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.decay = decay
        self.updates: torch.Tensor
        # beside the weights: a count on the host would be what it was in every captured step
        device = next(network.parameters()).device
        self.register_buffer("updates", torch.zeros((), dtype=torch.float32, device=device))

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move towards the network's weights; buffers (batch statistics) likewise.

        By a few operations on all weights: starting one for each takes a GPU longer than the work.
        """
        self.updates += 1
        own = [*self.network.parameters(), *_float_buffers(self.network)]
        new = [*network.parameters(), *_float_buffers(network)]
        if self.decay == 0:
            # the weights themselves, which rounding would miss on the way to them
            torch._foreach_copy_(own, new)
            return
        # A young average would remember the random start: let it forget faster at first.
        weight = (9 / (9 + self.updates)).clamp_min(1 - self.decay)
        way = torch._foreach_sub(new, own)
        torch._foreach_mul_(way, weight)
        torch._foreach_add_(own, way)


def _float_buffers(network: nn.Module) -> list[torch.Tensor]:
    return [buffer for buffer in network.buffers() if buffer.is_floating_point()]
