"""Networks of the VQ-VAE: from images to a map of vectors and back.

Section 4.1 of van den Oord et al. 2017: strided 4×4 convolutions, two residual blocks (3×3, 1×1)
on the map, and the mirror image of both.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from regene_bench.api import ImageShape

LARGEST_MAP = 8
_RESIDUAL_BLOCKS = 2


def halvings_for(height: int, width: int, largest: int = LARGEST_MAP) -> int:
    """Halvings, at least one, that bring the longer side to ``largest``: 2 for 28×28 and 32×32."""
    halvings = 1
    while max(map_sizes(height, width, halvings)[-1]) > largest:
        halvings += 1
    return halvings


def map_sizes(height: int, width: int, halvings: int) -> list[tuple[int, int]]:
    """Height and width after 0, 1, … halvings, rounded up."""
    return [(-(-height // 2**n), -(-width // 2**n)) for n in range(halvings + 1)]


def _kernel(height: int, width: int) -> tuple[int, int]:
    """Sides that halve an even size exactly and an odd one to the larger half, and back."""
    return 4 - height % 2, 4 - width % 2


class ResidualBlock(nn.Module):
    """ReLU, 3×3, ReLU, 1×1, and the input added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(1, channels // 2)
        self.layers = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(channels, inner, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(inner, channels, 1),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + cast("Tensor", self.layers(features))


class MapEncoder(nn.Module):
    """Maps images ``[N, C, H, W]`` to ``[N, D, h, w]``.

    Args:
        shape: Images that it takes.
        width: Channels on the map; half as many before the last halving.
        dim: D.
        halvings: How often sides are halved, rounded up.
    """

    def __init__(self, shape: ImageShape, width: int, dim: int, halvings: int) -> None:
        super().__init__()
        self.map_size = map_sizes(shape.height, shape.width, halvings)[-1]
        layers: list[nn.Module] = []
        channels = shape.channels
        for position, (height, breadth) in enumerate(
            map_sizes(shape.height, shape.width, halvings)[:-1]
        ):
            outer = width if position == halvings - 1 else max(1, width // 2)
            kernel = _kernel(height, breadth)
            layers += [nn.Conv2d(channels, outer, kernel, stride=2, padding=1), nn.ReLU()]
            channels = outer
        layers.append(nn.Conv2d(channels, width, 3, padding=1))
        layers += [ResidualBlock(width) for _ in range(_RESIDUAL_BLOCKS)]
        # Outputs of fixed spread: they cannot shrink onto one code before the decoder uses them.
        layers += [nn.ReLU(), nn.Conv2d(width, dim, 1), nn.BatchNorm2d(dim, affine=False)]
        self.layers = nn.Sequential(*layers)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        return cast("Tensor", self.layers(images))


class MapDecoder(nn.Module):
    """Maps ``[N, D, h, w]`` to pixels, float32 ``[N, C, H, W]``; arguments as ``MapEncoder``'s.

    Pixels are the last layer's values as they are, which may leave [0, 1]: behind a sigmoid, a
    squared error has no gradient where pixels were driven far to the wrong end.
    """

    def __init__(self, shape: ImageShape, width: int, dim: int, halvings: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(dim, width, 3, padding=1)]
        layers += [ResidualBlock(width) for _ in range(_RESIDUAL_BLOCKS)]
        channels = width
        for position, (height, breadth) in enumerate(
            reversed(map_sizes(shape.height, shape.width, halvings)[:-1])
        ):
            last = position == halvings - 1
            outer = shape.channels if last else max(1, width // 2)
            kernel = _kernel(height, breadth)
            layers += [
                nn.ReLU(),
                nn.ConvTranspose2d(channels, outer, kernel, stride=2, padding=1),
            ]
            channels = outer
        self.layers = nn.Sequential(*layers)
        self.to(memory_format=torch.channels_last)

    def forward(self, features: Tensor) -> Tensor:
        pixels: Tensor = self.layers(features.contiguous(memory_format=torch.channels_last))
        return pixels.float()
