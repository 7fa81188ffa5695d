"""The optimiser that all methods use, and one step of it."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

_FUSED_DEVICES = ("cpu", "cuda", "mps")


def adam(
    parameters: Iterable[nn.Parameter],
    learning_rate: float,
    device: torch.device,
    betas: tuple[float, float] = (0.9, 0.999),
) -> torch.optim.Adam:
    """Make Adam, in one kernel for all weights where the device has it."""
    return torch.optim.Adam(
        list(parameters), lr=learning_rate, betas=betas, fused=device.type in _FUSED_DEVICES
    )


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Take one step down the gradient of a scalar loss."""
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    optimizer.step()
