"""Generator of transposed convolutions and its mirrored discriminator, for images of any size."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from regene_bench.api import ImageShape

_NORMAL_STD = 0.02


def halvings(height: int, width: int, count: int) -> tuple[tuple[int, int], ...]:
    """Sizes after 0, 1, … ``count`` strided convolutions; halves are rounded up."""
    result = [(height, width)]
    for _ in range(count):
        height, width = (height + 1) // 2, (width + 1) // 2
        result.append((height, width))
    return tuple(result)


class TransposedGenerator(nn.Module):
    """Maps vectors to images in [0, 1] by stride-2 transposed convolutions.

    Args:
        shape: Images that it gives; sizes that do not halve evenly are cropped on the way.
        inputs: Length of the vectors.
        widths: Channels from the image inwards, one for each doubling.
        kernel: 3 (MNIST network of He's paper) or 4 (DCGAN).
        slope: Negative slope of the LeakyReLU; 0 is a ReLU.
        norm: Batch normalisation after each hidden layer.
    """

    def __init__(
        self,
        shape: ImageShape,
        inputs: int,
        widths: tuple[int, ...],
        *,
        kernel: int = 4,
        slope: float = 0.0,
        norm: bool = True,
    ) -> None:
        super().__init__()
        self.sizes = halvings(shape.height, shape.width, len(widths))
        self.map_shape = (widths[-1], *self.sizes[-1])
        channels, height, width = self.map_shape
        self.expand = nn.Linear(inputs, channels * height * width)
        self.enter = nn.Sequential(*_after(channels, slope, norm))
        stages: list[nn.Module] = []
        for block in reversed(range(len(widths))):
            last = block == 0
            outputs = shape.channels if last else widths[block - 1]
            layers: list[nn.Module] = [
                nn.ConvTranspose2d(
                    channels, outputs, kernel, stride=2, padding=1, output_padding=kernel % 2
                )
            ]
            stages.append(nn.Sequential(*layers, *([] if last else _after(outputs, slope, norm))))
            channels = outputs
        self.stages = nn.ModuleList(stages)
        self.apply(_initialise)
        self.to(memory_format=torch.channels_last)

    def forward(self, vectors: Tensor) -> Tensor:
        """Map ``[N, inputs]`` to images, float32 ``[N, C, H, W]`` in [0, 1]."""
        features = self.expand(vectors).view(len(vectors), *self.map_shape)
        features = self.enter(features.contiguous(memory_format=torch.channels_last))
        for stage, (height, width) in zip(self.stages, reversed(self.sizes[:-1]), strict=True):
            features = stage(features)[:, :, :height, :width]
        return torch.sigmoid(features.float())


class StridedDiscriminator(nn.Module):
    """Mirrors ``TransposedGenerator`` with strided convolutions and a linear logit.

    Args:
        shape: Images that it takes.
        extra_channels: Channels given beside the image's (label planes).
        widths: Channels from the image inwards, one for each halving.
        kernel: 3 or 4.
        slope: Negative slope of the LeakyReLU.
        norm: Batch normalisation after each layer but the first.
    """

    def __init__(
        self,
        shape: ImageShape,
        extra_channels: int,
        widths: tuple[int, ...],
        *,
        kernel: int = 4,
        slope: float = 0.2,
        norm: bool = True,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = shape.channels + extra_channels
        height, width = shape.height, shape.width
        for block, outputs in enumerate(widths):
            # An odd side needs one more row under a 4×4 kernel to be halved upwards.
            odd = (0, width % 2, 0, height % 2) if kernel % 2 == 0 else (0, 0, 0, 0)
            if any(odd):
                layers.append(nn.ZeroPad2d(odd))
            layers.append(nn.Conv2d(channels, outputs, kernel, stride=2, padding=1))
            layers += _after(outputs, slope, norm and block > 0)
            channels = outputs
            height, width = (height + 1) // 2, (width + 1) // 2
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(channels * height * width, 1)
        self.apply(_initialise)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Map ``[N, C + extra, H, W]`` to logits ``[N]``: above 0 means real."""
        logits: Tensor = self.head(self.layers(images).flatten(1))
        return logits.squeeze(1).float()


def _after(channels: int, slope: float, norm: bool) -> list[nn.Module]:
    activation = nn.LeakyReLU(slope)
    return [nn.BatchNorm2d(channels), activation] if norm else [activation]


def _initialise(module: nn.Module) -> None:
    """DCGAN's initialisation (Radford et al. 2015): normal weights of deviation 0.02."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, std=_NORMAL_STD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, mean=1.0, std=_NORMAL_STD)
