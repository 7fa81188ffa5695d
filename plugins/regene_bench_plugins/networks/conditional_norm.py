"""Batch normalisation whose scale and shift depend on the class, and layers that pass labels on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

NormFactory = Callable[[int], nn.Module]


class ConditionalBatchNorm2d(nn.Module):
    """Batch norm with a scale and a shift for each class (de Vries et al. 2017).

    ``y = γ[label] · (x − mean) / √(variance + ε) + β[label]``; all classes share mean and variance.
    It starts as the plain layer: γ = 1, β = 0.

    Args:
        channels: C of the feature maps.
        n_classes: K.
    """

    def __init__(self, channels: int, n_classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Parameter(torch.ones(n_classes, channels))
        self.shift = nn.Parameter(torch.zeros(n_classes, channels))

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Map ``[N, C, H, W]`` and labels, int64 ``[N]``, to ``[N, C, H, W]``."""
        scale = self.scale[labels][:, :, None, None]
        shift = self.shift[labels][:, :, None, None]
        normal: Tensor = self.norm(features)
        return normal * scale.to(normal.dtype) + shift.to(normal.dtype)


class LabelledSequential(nn.Module):
    """Layers one after another, of which those that take labels are given them."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Map ``[N, C, H, W]`` and labels, int64 ``[N]``, through all layers."""
        for layer in self.layers:
            if isinstance(layer, ConditionalBatchNorm2d | LabelledSequential):
                features = layer(features, labels)
            else:
                features = layer(features)
        return features


def conditional_norm(n_classes: int) -> NormFactory:
    """Make ``ConditionalBatchNorm2d`` of any number of channels for K classes."""
    return partial(ConditionalBatchNorm2d, n_classes=n_classes)


def no_norm(channels: int) -> nn.Module:
    """A ``NormFactory`` for networks without normalisation: it makes the identity."""
    return nn.Identity()
