"""Terms of the discriminator's loss that look at the discriminator itself."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from regene_bench_plugins.networks.heads import Verdict

Critic = Callable[[Tensor, Tensor], Verdict]
Penalty = Callable[[Critic, Tensor, Tensor, Tensor], Tensor]


def no_penalty(critic: Critic, real: Tensor, fake: Tensor, labels: Tensor) -> Tensor:
    """Nothing, as a scalar on the images' device."""
    return real.new_zeros(())


def gradient_penalty(weight: float) -> Penalty:
    """``weight · E[(‖∇ critic(x̂)‖ − 1)²]`` (Gulrajani et al. 2017, equation 3).

    x̂ lies at a uniformly drawn place between a real and a generated image of the same label; the
    gradient is with respect to x̂, with pixels in [0, 1]. Everything is computed in float32 even
    under autocast: squares of gradients overflow and underflow in shorter types.

    Args:
        weight: λ, 10 in the paper.

    Returns:
        A function of the critic, real and generated images ``[N, C, H, W]`` and their labels
        ``[N]``; it gives a scalar that can be differentiated once more.
    """

    def penalty(critic: Critic, real: Tensor, fake: Tensor, labels: Tensor) -> Tensor:
        place = torch.rand(len(real), 1, 1, 1, device=real.device)
        with torch.autocast(real.device.type, enabled=False):
            between = torch.lerp(real.float(), fake.float(), place).requires_grad_(True)
            scores = critic(between, labels).scores
            (gradients,) = torch.autograd.grad(scores.sum(), between, create_graph=True)
            lengths = torch.linalg.vector_norm(gradients.flatten(1), dim=1)
            distance: Tensor = (lengths - 1).square().mean()
            return weight * distance

    return penalty
