"""Images with a code beside each pixel, and the convolution that takes them without making planes.

A one-hot label beside each pixel is K more channels, each of one value throughout. Most of what a
network's first convolution does is then done for these, and for every image anew. But a constant
plane becomes, by a convolution, its value times one map, which is the sum of the weights that lie
on the image at each place. So each image's planes are one small product, which on a CPU takes less
time than the planes of a code that is not short (``benchmarks/speed/coded_images.py``). Elsewhere
the planes are made: the product is some operations more, and there each costs a start.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from regene_bench_plugins.networks.wide_convolutions import WideConv2d, on_a_cpu

_IMAGE_AXES = 4
_SHORT = 8


@dataclass(frozen=True)
class CodedImages:
    """Images, each with a code that stands beside all of its pixels.

    Attributes:
        images: ``[…, C, H, W]``.
        code: ``[…, K]``.
    """

    images: Tensor
    code: Tensor

    def joined(self) -> Tensor:
        """The images with the code as constant channels, ``[…, C + K, H, W]``."""
        code = self.code.to(self.images.dtype)[..., None, None]
        planes = code.expand(*code.shape[:-2], *self.images.shape[-2:])
        joined = torch.cat([self.images, planes], dim=-3)
        if joined.dim() != _IMAGE_AXES:
            return joined
        return joined.contiguous(memory_format=torch.channels_last)


class CodedConv2d(WideConv2d):
    """A convolution of ``CodedImages``, with the weights that one of the joined channels has.

    Args:
        channels: Of the images.
        outputs: Channels that it gives.
        kernel: Side of the weights.
        code: Length of the code.
        size: Height and width of the images.
        stride: Pixels from one place to the next.
        padding: Zeros around the images and the planes.
        bias: Whether there is one.
    """

    inside: Tensor

    def __init__(
        self,
        channels: int,
        outputs: int,
        kernel: int,
        *,
        code: int,
        size: tuple[int, int],
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
    ) -> None:
        super().__init__(
            channels + code, outputs, kernel, stride=stride, padding=padding, bias=bias
        )
        self.channels = channels
        self.size = size
        # which weights lie on the image and not around it, ``[H' · W', kernel²]``
        ones = torch.ones(1, 1, *size)
        inside = F.unfold(ones, kernel, padding=padding, stride=stride)[0].T.contiguous()
        self.register_buffer("inside", inside, persistent=False)

    def forward(self, input: Tensor | CodedImages) -> Tensor:
        """Map images ``[N, C, H, W]`` with their code to ``[N, outputs, H', W']``."""
        if not isinstance(input, CodedImages):
            return super().forward(input)
        if not sums_planes(input, self.size):
            return super().forward(input.joined())
        of_image, of_code = self.weight[:, : self.channels], self.weight[:, self.channels :]
        seen = F.conv2d(input.images, of_image, self.bias, self.stride, self.padding)
        weights = input.code.to(of_code.dtype) @ of_code.permute(1, 2, 3, 0).flatten(1)
        return seen + maps_of(self.inside, weights, seen)


def sums_planes(input: CodedImages, size: tuple[int, int]) -> bool:
    """Whether planes are summed and not made: long codes beside images of this size, on a CPU."""
    images = input.images
    sums = input.code.shape[-1] >= _SHORT and images.shape[-2:] == size
    return sums and on_a_cpu(images.reshape(-1, *images.shape[-3:]))


def maps_of(inside: Tensor, weights: Tensor, like: Tensor) -> Tensor:
    """What constant planes become.

    Args:
        inside: Which weights lie on the image at each place, ``[H' · W', kernel²]``.
        weights: The code's sum of them for each image, ``[N, kernel² · outputs]``.
        like: What images become, ``[N, outputs, H', W']``.
    """
    outputs = weights.shape[1] // inside.shape[1]
    maps = inside @ weights.view(len(weights), inside.shape[1], outputs)
    return maps.view(len(maps), *like.shape[2:], outputs).permute(0, 3, 1, 2)
