"""Where labels enter a network: beside the noise, beside the image, or not at all.

An input is the first step of a network. A generator's or decoder's is a ``CodeInput``, which maps
noise and labels to a code, the vector that the layers behind it take; a discriminator's or
encoder's is an ``ImageInput``, which maps images and labels to what the first convolution takes.
The network behind need not know which form was chosen; it keeps its input as ``entrance`` (an
autoencoder that of its decoder as ``code``), and checkpoints name weights so. All take further
leading axes, such as one for models that are trained together.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench_plugins.networks.coded_images import CodedImages


class CodeInput(Protocol):
    """Maps noise ``[N, Z]`` and labels, int64 ``[N]``, to codes ``[N, size]``."""

    size: int

    def __call__(self, noise: Tensor, labels: Tensor) -> Tensor: ...


class ImageInput(Protocol):
    """Maps images ``[N, C, H, W]`` and labels, int64 ``[N]``, to the first convolution's input.

    Attributes:
        code: Length of the code that stands beside each pixel; 0 for none.
    """

    code: int

    def __call__(self, images: Tensor, labels: Tensor) -> Tensor | CodedImages: ...


class CodeOnly(nn.Module):
    """The noise as it is: for unconditional generators, and where labels enter elsewhere."""

    def __init__(self, noise_dim: int) -> None:
        super().__init__()
        self.size = noise_dim

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Return the noise."""
        return noise


class CodeAndOneHot(nn.Module):
    """``[noise, one-hot label]`` (Mirza & Osindero 2014; He, section 3.2)."""

    def __init__(self, noise_dim: int, n_classes: int) -> None:
        super().__init__()
        self.n_classes = n_classes
        self.size = noise_dim + n_classes

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Map ``[N, Z]`` and ``[N]`` to ``[N, Z + K]``."""
        return torch.cat([noise, one_hot(labels, self.n_classes)], dim=-1)


class CodeAndScalarLabel(nn.Module):
    """``[noise, label / (K − 1)]``: the one label dimension of He's CGAN2 (section 4.1)."""

    def __init__(self, noise_dim: int, n_classes: int) -> None:
        super().__init__()
        self.highest = max(1, n_classes - 1)
        self.size = noise_dim + 1

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Map ``[N, Z]`` and ``[N]`` to ``[N, Z + 1]``."""
        return torch.cat([noise, (labels / self.highest).unsqueeze(-1)], dim=-1)


class DenseInput(nn.Module):
    """A hidden layer between the code and the network: linear, batch norm, ReLU.

    Behind a code without noise and label all its outputs start at 1 and are learned by the shift of
    the normalisation: one code for all is its own mean, whatever the linear layer makes of it, and
    a shift of 0 would end at the ReLU with a gradient of 0.

    Args:
        entrance: Makes the code.
        width: Length of the layer.
    """

    def __init__(self, entrance: CodeOnly | CodeAndOneHot | CodeAndScalarLabel, width: int) -> None:
        super().__init__()
        self.entrance = entrance
        norm = nn.BatchNorm1d(width)
        if entrance.size == 0:
            nn.init.ones_(norm.bias)
        self.layers = nn.Sequential(nn.Linear(entrance.size, width), norm, nn.ReLU())
        self.size = width

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Map ``[N, Z]`` and ``[N]`` to ``[N, width]``."""
        code: Tensor = self.layers(self.entrance(noise, labels))
        return code


class ImageOnly(nn.Module):
    """The image as it is."""

    code = 0

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return the images."""
        return images


class LabelPlanes(nn.Module):
    """The image with its one-hot label as constant channels, one a class."""

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.code = n_classes

    def forward(self, images: Tensor, labels: Tensor) -> CodedImages:
        """Put codes of length K, for labels ``[N]``, beside images ``[N, C, H, W]``."""
        return CodedImages(images, one_hot(labels, self.code))


class NumberPlane(nn.Module):
    """The image with ``label / (K − 1)`` as one constant channel.

    He (section 3.2) has the label "represented by a concatenated channel": one, whatever K is.
    """

    code = 1

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.highest = max(1, n_classes - 1)

    def forward(self, images: Tensor, labels: Tensor) -> CodedImages:
        """Put one number, for labels ``[N]``, beside images ``[N, C, H, W]``."""
        return CodedImages(images, (labels / self.highest).unsqueeze(-1))


def one_hot(labels: Tensor, n_classes: int) -> Tensor:
    """Turn int64 ``[…]`` into float32 ``[…, K]``."""
    return F.one_hot(labels, n_classes).float()
