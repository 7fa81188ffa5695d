"""The CIFAR form of DenseNet (Huang et al. 2017, "Densely connected convolutional networks")."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench_plugins.networks.latent_classifier import LatentEncoder

_BLOCKS = 3
# A bottleneck has 4k channels, and a transition lets half of them through (sections 3 and 4.1).
_BOTTLENECK = 4
_COMPRESSION = 2


class DenseLayer(nn.Module):
    """BN-ReLU-1×1, BN-ReLU-3×3; what it finds is put beside what it was given."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        inner = _BOTTLENECK * growth
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, inner, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[N, C, H, W]`` to ``[N, C + growth, H, W]``."""
        inner = self.conv1(F.relu(self.norm1(x)))
        return torch.cat([x, self.conv2(F.relu(self.norm2(inner)))], dim=1)


class DenseNetEncoder(LatentEncoder):
    """DenseNet-BC without its classifier: three dense blocks at full, half and quarter size.

    Depth 100 and growth 12 are a row of the paper's Table 2: 0.8 million parameters, 342 latents.

    Args:
        channels: Of the images.
        depth: Layers with weights, the classifier counted: 6n + 4.
        growth: Channels that each dense layer adds.
    """

    def __init__(self, channels: int, depth: int = 100, growth: int = 12) -> None:
        super().__init__()
        layers, rest = divmod(depth - 4, 2 * _BLOCKS)
        if rest or layers < 1:
            raise ValueError(f"A CIFAR DenseNet-BC has 6n + 4 layers, not {depth}.")
        width = 2 * growth
        self.stem = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.blocks = nn.ModuleList()
        self.transitions = nn.ModuleList()
        for block in range(_BLOCKS):
            if block:
                self.transitions.append(_transition(width))
                width //= _COMPRESSION
            inputs = [width + i * growth for i in range(layers)]
            self.blocks.append(nn.Sequential(*(DenseLayer(n, growth) for n in inputs)))
            width += layers * growth
        self.norm = nn.BatchNorm2d(width)
        self.latent_dim = width
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def block_features(self, images: Tensor) -> list[Tensor]:
        """The maps that the three blocks end with, the last one normalised and rectified."""
        found = [self.blocks[0](self.stem(images))]
        for transition, block in zip(self.transitions, self.blocks[1:], strict=True):
            found.append(block(transition(found[-1])))
        found[-1] = F.relu(self.norm(found[-1]))
        return found

    def pooled(self, features: Tensor) -> Tensor:
        """The mean over the map."""
        return features.mean(dim=(2, 3))


def _transition(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.Conv2d(width, width // _COMPRESSION, 1, bias=False),
        nn.AvgPool2d(2, ceil_mode=True),
    )
