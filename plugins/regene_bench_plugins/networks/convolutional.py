"""VGG-style encoder, classifier and decoder of the ReGene paper, for images of any size.

Section 5.2 and tables A.5–A.7 of Gopalakrishnan et al. 2022: blocks of 3×3 convolutions with batch
normalisation and LeakyReLU(0.3), max-pooling between the encoder's blocks, up-sampling between the
decoder's.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from regene_bench.api import ImageShape
from regene_bench_plugins.networks.block_description import BlockDescription, sizes
from regene_bench_plugins.networks.coded_images import CodedConv2d, CodedImages
from regene_bench_plugins.networks.latent_classifier import LatentClassifier, LatentEncoder

_SLOPE = 0.3


class ConvEncoder(LatentEncoder):
    """Maps images to the flattened feature map of the innermost block.

    Args:
        shape: Images that it takes.
        description: Its blocks.
        code: Length of the code beside each pixel of ``CodedImages``; 0 if it takes images alone.
    """

    def __init__(self, shape: ImageShape, description: BlockDescription, code: int = 0) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = shape.channels
        size = (shape.height, shape.width)
        first = partial(CodedConv2d, code=code, size=size) if code else nn.Conv2d
        steps = sizes(shape.height, shape.width, description.blocks)
        for block, width in enumerate(description.widths):
            if block > 0:
                height, breadth = steps[block - 1]
                layers.append(nn.MaxPool2d((min(2, height), min(2, breadth))))
            for side in description.kernels(block):
                convolution = nn.Conv2d if layers else first
                layers += [
                    convolution(channels, width, side, padding=side // 2, bias=False),
                    nn.BatchNorm2d(width),
                    nn.LeakyReLU(_SLOPE),
                ]
                channels = width
        self.layers = nn.Sequential(*layers)
        self.map_shape = (channels, *steps[-1])
        self.latent_dim = channels * steps[-1][0] * steps[-1][1]
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor | CodedImages) -> Tensor:
        """Map ``[N, C, H, W]`` to ``[N, latent_dim]``, keeping no feature map on the way."""
        return self.pooled(self.layers(images))

    def block_features(self, images: Tensor) -> list[Tensor]:
        """Feature maps that each block ends in, before pooling, from the image inwards."""
        features, result = images, []
        for layer in self.layers:
            if isinstance(layer, nn.MaxPool2d):
                result.append(features)
            features = layer(features)
        return [*result, features]

    def pooled(self, features: Tensor) -> Tensor:
        """Flatten the innermost feature map."""
        return features.flatten(1)


class ConvClassifier(LatentClassifier):
    """A ``ConvEncoder`` and a linear head."""

    def __init__(self, shape: ImageShape, description: BlockDescription) -> None:
        super().__init__(ConvEncoder(shape, description), shape.n_classes)


class ConvDecoder(nn.Module):
    """Maps a feature map to images in [0, 1], up-sampling to the exact sizes of the encoder.

    Args:
        shape: Images that it gives.
        description: Its blocks, from the image inwards as the encoder's.
        channels: Channels of the feature map it takes, of the innermost block's size.
    """

    def __init__(self, shape: ImageShape, description: BlockDescription, channels: int) -> None:
        super().__init__()
        steps = sizes(shape.height, shape.width, description.blocks)
        self.map_shape = (channels, *description.inner_size(shape.height, shape.width))
        layers: list[nn.Module] = []
        for block in reversed(range(description.blocks)):
            if block < description.blocks - 1:
                layers.append(nn.Upsample(size=steps[block]))
            width = description.widths[block]
            innermost = block == description.blocks - 1
            for position, side in enumerate(description.kernels(block)):
                # A transposed convolution of stride 1 is a convolution with other padding: 1 more
                # on each border where it enlarges its map by 2.
                grows = innermost and position < description.grown
                layers += [
                    nn.Conv2d(channels, width, side, padding=side // 2 + int(grows)),
                    nn.LeakyReLU(_SLOPE),
                    nn.BatchNorm2d(width),
                ]
                channels = width
        layers.append(nn.Conv2d(channels, shape.channels, 3, padding=1))
        self.layers = nn.Sequential(*layers)
        self.to(memory_format=torch.channels_last)

    def logits(self, latents: Tensor) -> Tensor:
        """Map ``[N, D]``, a flattened feature map, to pixel logits, float32 ``[N, C, H, W]``."""
        features = latents.view(len(latents), *self.map_shape)
        pixels: Tensor = self.layers(features.contiguous(memory_format=torch.channels_last))
        return pixels.float()

    def forward(self, latents: Tensor) -> Tensor:
        """Map ``[N, D]`` to images, float32 ``[N, C, H, W]`` in [0, 1]."""
        return torch.sigmoid(self.logits(latents))


class VectorDecoder(nn.Module):
    """A linear layer from any vector to the feature map of a ``ConvDecoder``, and that decoder."""

    def __init__(self, shape: ImageShape, description: BlockDescription, inputs: int) -> None:
        super().__init__()
        self.decoder = ConvDecoder(shape, description, description.widths[-1])
        channels, height, width = self.decoder.map_shape
        self.expand = nn.Linear(inputs, channels * height * width)
        self.activation = nn.LeakyReLU(_SLOPE)

    def logits(self, vectors: Tensor) -> Tensor:
        """Map ``[N, inputs]`` to pixel logits, float32 ``[N, C, H, W]``."""
        return self.decoder.logits(self.activation(self.expand(vectors)))

    def forward(self, vectors: Tensor) -> Tensor:
        """Map ``[N, inputs]`` to images, float32 ``[N, C, H, W]`` in [0, 1]."""
        return torch.sigmoid(self.logits(vectors))
