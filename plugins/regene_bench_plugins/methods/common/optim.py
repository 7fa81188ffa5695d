"""The optimiser of all methods, and one step of it."""

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
    """Make Adam (Kingma & Ba 2015), one kernel for all weights where the device has one."""
    return torch.optim.Adam(
        list(parameters), lr=learning_rate, betas=betas, fused=device.type in _FUSED_DEVICES
    )


def gradient_step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Compute the gradients of a scalar loss and take one step of the optimiser."""
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    optimizer.step()
