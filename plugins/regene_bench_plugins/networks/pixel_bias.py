"""A bias for each pixel on top of a decoder, which starts at the mean of the training images.

Convolutions give all pixels of a channel one bias: black around a figure has to be made of
features. A perceptron has a bias for each pixel. Where a training is short, what a decoder has not
yet learned to make black stays a grey haze, which features of images answer to as much as to the
figures themselves.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from regene_bench.api import DeviceImages, ImageShape

# of pixels that are the same in all images: logits no farther out than ±5.3
_LEAST = 0.005


class LogitDecoder(Protocol):
    """A decoder that can be asked for pixel logits."""

    def logits(self, vectors: Tensor) -> Tensor:
        """Map ``[N, inputs]`` to pixel logits, float32 ``[N, C, H, W]``."""
        ...


class PixelBiased(nn.Module):
    """Adds a learned logit for each pixel and channel to what a decoder gives.

    Args:
        decoder: Maps vectors to pixel logits.
        shape: Images that it gives.
    """

    def __init__(self, decoder: LogitDecoder, shape: ImageShape) -> None:
        super().__init__()
        self.decoder = decoder
        self.bias = nn.Parameter(torch.zeros(shape.channels, shape.height, shape.width))

    def logits(self, vectors: Tensor) -> Tensor:
        """Map ``[N, inputs]`` to pixel logits, float32 ``[N, C, H, W]``."""
        return self.decoder.logits(vectors) + self.bias

    def forward(self, vectors: Tensor) -> Tensor:
        """Map ``[N, inputs]`` to images, float32 ``[N, C, H, W]`` in [0, 1]."""
        return torch.sigmoid(self.logits(vectors))

    @torch.no_grad()
    def start_at_mean(self, images: DeviceImages) -> None:
        """Set the bias to the logit of the images' mean, so that training begins from there."""
        pixels = images.images
        # on the CPU: not every device has float64
        mean = pixels.sum(0, dtype=torch.int64).cpu().double() / (255 * len(pixels))
        self.bias.copy_(torch.logit(mean.clamp(_LEAST, 1 - _LEAST)))
