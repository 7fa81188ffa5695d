"""VGG-style encoder, classifier and decoder of the ReGene paper, for images of any size.

Section 5.2 and tables A.5–A.7 of Gopalakrishnan et al. 2022: blocks of 3×3 convolutions with batch
normalisation and LeakyReLU(0.3), max-pooling between the encoder's blocks, up-sampling between the
decoder's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from regene_bench.api import ImageShape
from regene_bench_plugins.networks.description import Description, sizes

_SLOPE = 0.3


class ConvEncoder(nn.Module):
    """Maps images to the flattened feature map of the innermost block.

    Args:
        shape: Images that it takes.
        description: Its blocks.
        extra_channels: Channels given beside the image's (label planes).
    """

    def __init__(
        self, shape: ImageShape, description: Description, extra_channels: int = 0
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = shape.channels + extra_channels
        steps = sizes(shape.height, shape.width, description.blocks)
        for block, (width, count) in enumerate(
            zip(description.widths, description.convolutions, strict=True)
        ):
            if block > 0:
                height, breadth = steps[block - 1]
                layers.append(nn.MaxPool2d((min(2, height), min(2, breadth))))
            for _ in range(count):
                layers += [
                    nn.Conv2d(channels, width, 3, padding=1, bias=False),
                    nn.BatchNorm2d(width),
                    nn.LeakyReLU(_SLOPE),
                ]
                channels = width
        self.layers = nn.Sequential(*layers)
        self.map_shape = (channels, *steps[-1])
        self.latent_dim = channels * steps[-1][0] * steps[-1][1]
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Map ``[N, C, H, W]`` to ``[N, latent_dim]``."""
        features: Tensor = self.layers(images)
        return features.flatten(1)

    def block_features(self, images: Tensor) -> list[Tensor]:
        """Feature maps that each block ends in, before pooling, from the image inwards.

        The last one, flattened, is what ``forward`` returns.
        """
        features, result = images, []
        for layer in self.layers:
            if isinstance(layer, nn.MaxPool2d):
                result.append(features)
            features = layer(features)
        return [*result, features]


class ConvClassifier(nn.Module):
    """An encoder and a linear head on its latents.

    The head is the ``W, b`` of the paper's Lemma 1: classes are convex regions of the latent space.
    """

    def __init__(self, shape: ImageShape, description: Description) -> None:
        super().__init__()
        self.encoder = ConvEncoder(shape, description)
        self.head = nn.Linear(self.encoder.latent_dim, shape.n_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map ``[N, C, H, W]`` to logits ``[N, K]``."""
        logits: Tensor = self.head(self.encoder(images))
        return logits


class ConvDecoder(nn.Module):
    """Maps a feature map to images in [0, 1], up-sampling to the exact sizes of the encoder.

    Args:
        shape: Images that it gives.
        description: Its blocks, from the image inwards as the encoder's.
        channels: Channels of the feature map it takes, of the innermost block's size.
    """

    def __init__(self, shape: ImageShape, description: Description, channels: int) -> None:
        super().__init__()
        steps = sizes(shape.height, shape.width, description.blocks)
        self.map_shape = (channels, *steps[-1])
        layers: list[nn.Module] = []
        for block in reversed(range(description.blocks)):
            if block < description.blocks - 1:
                layers.append(nn.Upsample(size=steps[block]))
            width = description.widths[block]
            for _ in range(description.convolutions[block]):
                layers += [
                    nn.Conv2d(channels, width, 3, padding=1),
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

    def __init__(self, shape: ImageShape, description: Description, inputs: int) -> None:
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
