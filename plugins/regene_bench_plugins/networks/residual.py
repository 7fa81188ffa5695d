"""Residual generator and discriminator of Gulrajani et al. 2017, which Miyato et al. 2018 share.

Both have one width throughout. The generator doubles a map of about 4×4 until it has the image's
size; the discriminator halves the image to about 8×8 and goes on at that size.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench.api import ImageShape
from regene_bench_plugins.networks.conditional_norm import LabelledSequential, NormFactory
from regene_bench_plugins.networks.conditioning import CodeInput
from regene_bench_plugins.networks.strided import halvings, halvings_to, start_without_code

Pool = Callable[[Tensor, tuple[int, int]], Tensor]

_GENERATOR_SIDE = 4
_DISCRIMINATOR_SIDE = 8
_BLOCKS_AT_FULL_DEPTH = 2


class ResidualGenerator(nn.Module):
    """Maps noise and labels to images in [0, 1] by residual blocks that double the size.

    Args:
        shape: Images that it gives.
        entrance: Makes a code of noise and labels.
        width: Channels.
        norm: Makes the normalisations inside the blocks; the last one is plain batch norm.
    """

    def __init__(
        self, shape: ImageShape, entrance: CodeInput, width: int, norm: NormFactory
    ) -> None:
        super().__init__()
        count = halvings_to(_GENERATOR_SIDE, shape)
        self.sizes = halvings(shape.height, shape.width, count)
        self.map_shape = (width, *self.sizes[-1])
        self.entrance = entrance
        self.expand = nn.Linear(entrance.size, width * self.sizes[-1][0] * self.sizes[-1][1])
        self.blocks = nn.ModuleList(_UpBlock(width, norm) for _ in range(count))
        self.exit = nn.Sequential(
            nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, shape.channels, 3, padding=1)
        )
        self.apply(_initialise)
        start_without_code(self.expand)
        self.to(memory_format=torch.channels_last)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Map noise ``[N, Z]`` and labels, int64 ``[N]``, to float32 ``[N, C, H, W]`` in [0, 1]."""
        features = self.expand(self.entrance(noise, labels)).view(-1, *self.map_shape)
        features = features.contiguous(memory_format=torch.channels_last)
        for block, size in zip(self.blocks, reversed(self.sizes[:-1]), strict=True):
            features = block(features, labels, size)
        return torch.sigmoid(self.exit(features).float())


class ResidualFeatures(nn.Module):
    """Maps images to pooled features by residual blocks without normalisation.

    Args:
        shape: Images that it takes.
        channels: Their channels, label planes counted.
        width: Channels, and length of the features.
        pool: Over the pixels of the last map: ``torch.mean`` (Gulrajani et al.) or ``torch.sum``
            (Miyato et al.).
    """

    def __init__(
        self,
        shape: ImageShape,
        channels: int,
        width: int,
        pool: Pool,
    ) -> None:
        super().__init__()
        halved = halvings_to(_DISCRIMINATOR_SIDE, shape) - 1
        self.first = _FirstBlock(channels, width)
        self.blocks = nn.Sequential(
            *(_DownBlock(width) for _ in range(halved)),
            *(_LevelBlock(width) for _ in range(_BLOCKS_AT_FULL_DEPTH)),
            nn.ReLU(),
        )
        self.pool = pool
        self.size = width
        self.apply(_initialise)

    def forward(self, images: Tensor) -> Tensor:
        """Map ``[N, channels, H, W]`` with values in [0, 1] to ``[N, size]``."""
        features = self.blocks(self.first(2 * images - 1))
        return self.pool(features, (2, 3))


class _UpBlock(nn.Module):
    """Enlarges a map to a given size: norm, ReLU and convolution twice, and a 1×1 shortcut."""

    def __init__(self, width: int, norm: NormFactory) -> None:
        super().__init__()
        self.before = LabelledSequential(norm(width), nn.ReLU())
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.between = LabelledSequential(norm(width), nn.ReLU())
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.shortcut = nn.Conv2d(width, width, 1)

    def forward(self, features: Tensor, labels: Tensor, size: tuple[int, int]) -> Tensor:
        hidden = self.first(F.interpolate(self.before(features, labels), size))
        hidden = self.second(self.between(hidden, labels))
        # A 1×1 convolution of the small map and of the enlarged one are the same pixels.
        shortcut = F.interpolate(self.shortcut(features), size)
        return torch.add(hidden, shortcut)


class _FirstBlock(nn.Module):
    """Halves the image; it has no activation before its first convolution."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )
        self.shortcut = nn.Conv2d(channels, width, 1)

    def forward(self, images: Tensor) -> Tensor:
        return torch.add(_halved(self.layers(images)), self.shortcut(_halved(images)))


class _DownBlock(nn.Module):
    """Halves a map: ReLU and convolution twice, and a 1×1 shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = _two_convolutions(width)
        self.shortcut = nn.Conv2d(width, width, 1)

    def forward(self, features: Tensor) -> Tensor:
        return torch.add(_halved(self.layers(features)), self.shortcut(_halved(features)))


class _LevelBlock(nn.Module):
    """Keeps a map's size: ReLU and convolution twice, and the map itself added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = _two_convolutions(width)

    def forward(self, features: Tensor) -> Tensor:
        return torch.add(features, self.layers(features))


def _two_convolutions(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=1),
    )


def _halved(features: Tensor) -> Tensor:
    return F.avg_pool2d(features, 2, ceil_mode=True)


def _initialise(module: nn.Module) -> None:
    """He's initialisation for ReLU networks, as in Gulrajani et al.'s own program."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
