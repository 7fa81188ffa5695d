"""Conditional flow matching: the velocity of straight paths from noise to images.

Lipman, Chen, Ben-Hamu, Nickel & Le 2023, "Flow Matching for Generative Modeling", section 4.1 with
σ_min = 0; Liu, Gong & Liu 2023, "Flow Straight and Fast", call the same a rectified flow.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from regene_bench_plugins.methods.diffusion.objective import Network

_IMAGE_AXES = (1, 2, 3)


@dataclass(frozen=True)
class StraightPaths:
    """Predicts y − n at x = (1 − t) n + t y: noise n at time 0, an image y at time 1."""

    def losses(self, network: Network, images: Tensor, labels: Tensor) -> Tensor:
        """Squared error of the velocity at uniform times, as of ``Objective``."""
        time = torch.rand(len(images), device=images.device)
        noise = torch.randn_like(images)
        between = torch.lerp(noise, images, time[:, None, None, None])
        error = network(between, time, labels) - (images - noise)
        return error.square().mean(_IMAGE_AXES)

    def predict(self, network: Network, noisy: Tensor, level: Tensor, labels: Tensor) -> Tensor:
        """The expected velocity dx/dt, with the time as level; as of ``Objective``."""
        return network(noisy, level, labels)
