"""Generator of stride-2 transposed convolutions and its mirrored discriminator, for any size."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from regene_bench.api import ImageShape
from regene_bench_plugins.networks.coded_images import CodedConv2d, CodedImages
from regene_bench_plugins.networks.conditional_norm import LabelledSequential, NormFactory
from regene_bench_plugins.networks.conditioning import CodeInput, ImageInput
from regene_bench_plugins.networks.heads import DiscriminatorOutput
from regene_bench_plugins.networks.wide_convolutions import WideConv2d, WideConvTranspose2d

_NORMAL_STD = 0.02
_MOST_DOUBLINGS = 3


def halvings(height: int, width: int, count: int) -> tuple[tuple[int, int], ...]:
    """Sizes after 0, 1, … ``count`` strided convolutions; halves are rounded up."""
    result = [(height, width)]
    for _ in range(count):
        height, width = (height + 1) // 2, (width + 1) // 2
        result.append((height, width))
    return tuple(result)


def halvings_to(side: int, shape: ImageShape) -> int:
    """Halvings, at least one, that bring the shorter side to no more than ``side`` pixels.

    Args:
        side: A power of two.
        shape: Images that are halved.
    """
    shorter = min(shape.height, shape.width)
    return max(1, (shorter - 1).bit_length() - (side - 1).bit_length())


def doubling_widths(first: int, blocks: int) -> tuple[int, ...]:
    """Channels of the blocks from the image inwards: they double, up to 8 times the first."""
    return tuple(first << min(block, _MOST_DOUBLINGS) for block in range(blocks))


class TransposedGenerator(nn.Module):
    """Maps noise and labels to images in [0, 1] by stride-2 transposed convolutions.

    Args:
        shape: Images that it gives; sizes that do not halve evenly are cropped on the way.
        entrance: Makes a code of noise and labels.
        widths: Channels from the image inwards, one for each doubling.
        kernel: 3 (MNIST network of He's paper) or 4 (DCGAN).
        slope: Negative slope of the LeakyReLU; 0 is a ReLU.
        norm: Makes the normalisation after each hidden layer.
    """

    def __init__(
        self,
        shape: ImageShape,
        entrance: CodeInput,
        widths: tuple[int, ...],
        *,
        kernel: int = 4,
        slope: float = 0.0,
        norm: NormFactory = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        self.sizes = halvings(shape.height, shape.width, len(widths))
        channels, (height, width) = widths[-1], self.sizes[-1]
        self.entrance = entrance
        self.expand = nn.Linear(entrance.size, channels * height * width)
        self.enter = LabelledSequential(norm(channels), nn.LeakyReLU(slope))
        stages: list[nn.Module] = []
        for block in reversed(range(len(widths))):
            outputs = widths[block - 1] if block > 0 else shape.channels
            layers: list[nn.Module] = [
                WideConvTranspose2d(
                    channels, outputs, kernel, stride=2, padding=1, output_padding=kernel % 2
                )
            ]
            if block > 0:
                layers += [norm(outputs), nn.LeakyReLU(slope)]
            stages.append(LabelledSequential(*layers))
            channels = outputs
        self.stages = nn.ModuleList(stages)
        self.apply(dcgan_init)
        start_without_code(self.expand)
        self.to(memory_format=torch.channels_last)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Map noise ``[N, Z]`` and labels, int64 ``[N]``, to float32 ``[N, C, H, W]`` in [0, 1]."""
        features = self.expand(self.entrance(noise, labels)).unflatten(1, (-1, *self.sizes[-1]))
        features = self.enter(features.contiguous(memory_format=torch.channels_last), labels)
        for stage, (height, width) in zip(self.stages, reversed(self.sizes[:-1]), strict=True):
            features = stage(features, labels)[:, :, :height, :width]
        return torch.sigmoid(features.float())


class StridedFeatures(nn.Module):
    """Mirrors ``TransposedGenerator`` with strided convolutions; gives the flattened last map.

    Args:
        shape: Images that it takes.
        widths: Channels from the image inwards, one for each halving.
        code: Length of the code beside each pixel of ``CodedImages``; 0 if it takes images alone.
        kernel: 3 or 4.
        slope: Negative slope of the LeakyReLU.
        norm: Makes the normalisation after each layer but the first.
    """

    def __init__(
        self,
        shape: ImageShape,
        widths: tuple[int, ...],
        *,
        code: int = 0,
        kernel: int = 4,
        slope: float = 0.2,
        norm: NormFactory = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = shape.channels
        sizes = halvings(shape.height, shape.width, len(widths))
        for block, outputs in enumerate(widths):
            height, width = sizes[block]
            # An odd side needs one more row under a 4×4 kernel to be halved upwards.
            odd = (0, width % 2, 0, height % 2) if kernel % 2 == 0 else (0, 0, 0, 0)
            convolution: Callable[..., nn.Module] = partial(WideConv2d, channels)
            if any(odd):
                layers.append(nn.ZeroPad2d(odd))
            if block == 0 and code:
                # what is padded before the layer is padded with its planes, which are made for it
                own = partial(CodedConv2d, channels, code=code, size=(height, width))
                convolution = partial(WideConv2d, channels + code) if any(odd) else own
            layers.append(convolution(outputs, kernel, stride=2, padding=1))
            if block > 0:
                layers.append(norm(outputs))
            layers.append(nn.LeakyReLU(slope))
            channels = outputs
        self.layers = nn.Sequential(*layers)
        self.size = channels * sizes[-1][0] * sizes[-1][1]

    def forward(self, images: Tensor | CodedImages) -> Tensor:
        """Map ``[N, C, H, W]`` to ``[N, size]``."""
        if isinstance(images, CodedImages) and isinstance(self.layers[0], nn.ZeroPad2d):
            images = images.joined()
        features: Tensor = self.layers(images)
        return features.flatten(1)


class Discriminator(nn.Module):
    """An input for image and label, features, and a head that scores them.

    Args:
        entrance: Joins image and label.
        features: Maps what ``entrance`` gives to ``[N, F]``.
        head: Maps features and labels to a ``DiscriminatorOutput``.
    """

    def __init__(self, entrance: ImageInput, features: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.entrance = entrance
        self.features = features
        self.head = head
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor, labels: Tensor) -> DiscriminatorOutput:
        """Score images ``[N, C, H, W]`` in [0, 1] with labels, int64 ``[N]``."""
        output: DiscriminatorOutput = self.head(
            self.features(self.entrance(images, labels)), labels
        )
        return output


def start_without_code(expand: nn.Linear) -> None:
    """Give the first layer of a generator without noise and label at its input a start.

    Its bias is then all that the first feature map is made of; at zero, batch norm and ReLU would
    let nothing grow out of it. Layers with inputs are left as they are, such as those behind a
    ``DenseInput``, which gives itself a start.
    """
    if expand.in_features == 0:
        nn.init.normal_(expand.bias)


def dcgan_init(module: nn.Module) -> None:
    """DCGAN's initialisation (Radford et al. 2015): normal weights of deviation 0.02.

    For ``nn.Module.apply``.
    """
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, std=_NORMAL_STD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d) and module.affine:
        nn.init.normal_(module.weight, mean=1.0, std=_NORMAL_STD)
