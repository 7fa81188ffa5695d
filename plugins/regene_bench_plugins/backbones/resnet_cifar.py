"""The CIFAR residual networks of He et al. (2016), section 4.2: 6n + 2 layers, 16-32-64 filters."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut; the activation comes after the sum (version 1)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.norm1(self.conv1(x)), inplace=True)
        return F.relu(self.norm2(self.conv2(out)) + self.shortcut(x), inplace=True)


class CifarResNet(nn.Module):
    """A residual network of depth ``6n + 2`` (56 for n = 9) for small images of any size.

    Args:
        channels: Image channels.
        n_classes: Number of classes K.
        depth: 20, 32, 44, 56 or 110 in the paper.
    """

    feature_dim = 64

    def __init__(self, channels: int, n_classes: int, depth: int = 56) -> None:
        super().__init__()
        blocks, rest = divmod(depth - 2, 6)
        if rest:
            raise ValueError(f"A CIFAR ResNet has 6n + 2 layers, not {depth}.")
        self.stem = nn.Sequential(
            nn.Conv2d(channels, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)
        )
        layers: list[nn.Module] = []
        inputs = 16
        for stage, outputs in enumerate((16, 32, 64)):
            for i in range(blocks):
                layers.append(BasicBlock(inputs, outputs, 2 if stage and i == 0 else 1))
                inputs = outputs
        self.blocks = nn.Sequential(*layers)
        self.head = nn.Linear(64, n_classes)

    def features(self, images: Tensor) -> Tensor:
        """Map images ``[N, C, H, W]`` to pooled features ``[N, 64]``."""
        maps: Tensor = self.blocks(self.stem(images))
        return maps.mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(images))
        return logits


def kaiming_init(network: nn.Module) -> None:
    """Kaiming initialisation, with the last norm of each block at zero (identity at the start)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if isinstance(module, BasicBlock):
            nn.init.zeros_(module.norm2.weight)


def standardise(images: Tensor) -> Tensor:
    """Bring [0, 1] to about unit spread around zero; the same for every data set."""
    return (images - torch.full((), 0.5, device=images.device)) * 4.0
