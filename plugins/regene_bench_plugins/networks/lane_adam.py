"""Adam for K models side by side, each with a rate of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from regene_bench_plugins.networks.lanes import lane_of

_EPSILON = 1e-8


class LaneAdam:
    """Adam (Kingma & Ba 2015, algorithm 1) as ``torch.optim.Adam`` does it, but for the rates.

    Args:
        network: A stacked network.
        rates: Learning rate of each model.
        betas: Decay of both moments.
    """

    def __init__(
        self, network: nn.Module, rates: Sequence[float], betas: tuple[float, float]
    ) -> None:
        self._named = dict(network.named_parameters())
        self._parameters: list[Tensor] = list(self._named.values())
        self._lanes = len(rates)
        self._betas = betas
        self._steps = 0
        self._first = [torch.zeros_like(p) for p in self._parameters]
        self._second = [torch.zeros_like(p) for p in self._parameters]
        self._rates = [_spread(rates, p) for p in self._parameters]

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, factor: float = 1.0) -> None:
        """Take one step.

        Args:
            factor: On all rates.
        """
        beta1, beta2 = self._betas
        self._steps += 1
        gradients: list[Tensor] = [p.grad for p in self._parameters if p.grad is not None]
        torch._foreach_lerp_(self._first, gradients, 1 - beta1)
        torch._foreach_mul_(self._second, beta2)
        torch._foreach_addcmul_(self._second, gradients, gradients, 1 - beta2)
        scale = torch._foreach_sqrt(self._second)
        torch._foreach_div_(scale, (1 - beta2**self._steps) ** 0.5)
        torch._foreach_add_(scale, _EPSILON)
        change = torch._foreach_div(self._first, scale)
        torch._foreach_mul_(change, self._rates)
        torch._foreach_add_(self._parameters, change, alpha=-factor / (1 - beta1**self._steps))

    def load(self, lane: int, network: nn.Module, optimizer: torch.optim.Adam) -> None:
        """Take one model's moments from its own optimiser, if that has taken a step."""
        for own, moments in self._moments(lane, network):
            state: dict[str, Any] = optimizer.state.get(own, {})
            if state:
                self._steps = int(state["step"])
                for key, view in moments.items():
                    view.copy_(state[key])

    def save(self, lane: int, network: nn.Module, optimizer: torch.optim.Adam) -> None:
        """Give one model's moments to its own optimiser."""
        for own, moments in self._moments(lane, network):
            # fused Adam keeps the count beside its weights, in float32
            count = torch.tensor(float(self._steps), device=own.device)
            optimizer.state[own] = {"step": count} | {
                key: torch.empty_like(own, requires_grad=False).copy_(view)
                for key, view in moments.items()
            }

    def _moments(
        self, lane: int, network: nn.Module
    ) -> list[tuple[nn.Parameter, dict[str, Tensor]]]:
        places = {name: place for place, name in enumerate(self._named)}
        return [
            (
                own,
                {
                    "exp_avg": lane_of(self._first[places[name]], own, lane, self._lanes),
                    "exp_avg_sq": lane_of(self._second[places[name]], own, lane, self._lanes),
                },
            )
            for name, own in network.named_parameters()
        ]


def _spread(rates: Sequence[float], parameter: Tensor) -> Tensor:
    """Give each stretch of the first axis its model's rate."""
    own = torch.tensor(rates, dtype=parameter.dtype, device=parameter.device)
    column = own.repeat_interleave(parameter.shape[0] // len(rates))
    return column.view(-1, *(1 for _ in parameter.shape[1:]))
