"""A U-Net that is told a noise level and a class besides the image (Ho et al. 2020).

Residual blocks on the image's map, on one of half its sides, and so on, and back again; on the way
back each block is given what its counterpart on the way down made (Ronneberger et al. 2015).
Convolutions of large maps cost most, so pixels can be folded into channels first (*pixel
unshuffle*): narrow maps outside, wide ones inside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench.api import ImageShape

_GROUP = 8
_MOST_GROUPS = 32
_EMBEDDING = 4
# Of the waves that a noise level is given as. Neighbouring levels look alike to slow ones, so that
# what is learnt of one holds for the next; a short training learns nothing from fast ones.
_SLOWEST, _FASTEST = 0.25, 16.0
_EMBEDDED = 0.1


@dataclass(frozen=True)
class UNetSize:
    """How wide and how deep a U-Net is.

    Attributes:
        patch: Side of the squares of pixels that are folded into channels.
        width: Channels of the outermost map; they double with each halving of its sides.
        widest: Where they stop doubling.
        halvings: How often the sides are halved.
        blocks: Residual blocks on each map, on the way down and again on the way up.
        attention: Longest side of maps with attention behind each block; the middle has it whatever
            its map's side. 0 for none anywhere.
        head: Channels of a head of attention, all of them where there are fewer.
        dropout: In each residual block.
        position_embedding: Whether the outermost map is told where in the image each place is.
            Convolutions know only what the border lets them guess, and a shallow network far from
            it nothing.
    """

    patch: int
    width: int
    widest: int
    halvings: int
    blocks: int
    attention: int
    head: int
    dropout: float
    position_embedding: bool

    @property
    def widths(self) -> list[int]:
        """Channels of each map, the outermost first."""
        return [min(self.width * 2**level, self.widest) for level in range(self.halvings + 1)]

    def padding(self, shape: ImageShape) -> tuple[int, int]:
        """Columns and rows that images lack for all halvings to come out even."""
        multiple = self.patch * 2**self.halvings
        return -shape.width % multiple, -shape.height % multiple

    def outermost(self, shape: ImageShape) -> tuple[int, int]:
        """Height and width of the outermost map."""
        columns, rows = self.padding(shape)
        return (shape.height + rows) // self.patch, (shape.width + columns) // self.patch

    def sides(self, shape: ImageShape) -> list[int]:
        """Longer side of each map, the outermost first."""
        longer = max(self.outermost(shape))
        return [longer // 2**level for level in range(self.halvings + 1)]


class UNet(nn.Module):
    """Maps images, noise levels and classes to predictions of the images' shape.

    Images whose sides do not come out even get a margin of zeros at the right and below, which is
    cropped from the prediction. An untrained network predicts zero.

    Args:
        shape: Images that it takes.
        size: How wide and how deep it is.
    """

    def __init__(self, shape: ImageShape, size: UNetSize) -> None:
        super().__init__()
        channels, widths = shape.channels * size.patch**2, size.widths
        self.patch = size.patch
        self.padding = size.padding(shape)
        self.condition = Condition(shape.n_classes, widths[0])
        self.first = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.position_embedding: nn.Parameter | None = None
        if size.position_embedding:
            self.position_embedding = nn.Parameter(
                _EMBEDDED * torch.randn(widths[0], *size.outermost(shape))
            )
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        made: list[int] = []  # channels of what each block on the way down makes

        def block(inputs: int, outputs: int, attentive: bool) -> Block:
            head = min(size.head, outputs) if attentive else 0
            return Block(inputs, outputs, self.condition.length, head, size.dropout)

        inner = widths[0]
        attentive = [side <= size.attention for side in size.sides(shape)]
        for level, width in enumerate(widths):
            if level:
                self.down.append(Halving())
            for _ in range(size.blocks):
                self.down.append(block(inner, width, attentive[level]))
                made.append(inner := width)
        self.middle = nn.ModuleList(
            [block(inner, inner, size.attention > 0), block(inner, inner, False)]
        )
        for level, width in reversed(list(enumerate(widths))):
            for _ in range(size.blocks):
                self.up.append(block(inner + made.pop(), width, attentive[level]))
                inner = width
            if level:
                self.up.append(Doubling(inner, inner := widths[level - 1]))
        self.last = nn.Sequential(
            group_norm(inner), nn.SiLU(), silent(nn.Conv2d(inner, channels, 3, padding=1))
        )
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor, levels: Tensor, labels: Tensor) -> Tensor:
        """Predict for each image.

        Args:
            images: ``[N, C, H, W]``.
            levels: Where each image is between noise and image, ``[N]``: a function of its noise
                level, or the time on its path; numbers of the order of 1.
            labels: int64 ``[N]``; K, the number of classes, stands for no class.

        Returns:
            float32 ``[N, C, H, W]``.
        """
        height, width = images.shape[-2:]
        columns, rows = self.padding
        condition = self.condition(levels, labels)
        maps = F.pixel_unshuffle(F.pad(images, (0, columns, 0, rows)), self.patch)
        maps = self.first(maps)
        if self.position_embedding is not None:
            maps = maps + self.position_embedding.to(maps.dtype)
        made: list[Tensor] = []
        for layer in self.down:
            maps = layer(maps, condition)
            if isinstance(layer, Block):
                made.append(maps)
        for layer in self.middle:
            maps = layer(maps, condition)
        for layer in self.up:
            if isinstance(layer, Block):
                maps = torch.cat([maps, made.pop()], dim=1)
            maps = layer(maps, condition)
        pixels = F.pixel_shuffle(self.last(maps).float(), self.patch)
        return pixels[..., :height, :width]


class Condition(nn.Module):
    """The vector that stands for a noise level and a class.

    Args:
        n_classes: K; there is one class more, which stands for none.
        width: Half of it sines and half of it cosines of a noise level.
    """

    def __init__(self, n_classes: int, width: int) -> None:
        super().__init__()
        self.length = _EMBEDDING * width
        frequencies = torch.logspace(math.log10(_SLOWEST), math.log10(_FASTEST), width // 2)
        self.frequencies: Tensor
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.level = nn.Linear(2 * len(frequencies), self.length)
        self.label = nn.Embedding(n_classes + 1, self.length)
        self.joint = nn.Linear(self.length, self.length)

    def forward(self, levels: Tensor, labels: Tensor) -> Tensor:
        """Map ``[N]`` and int64 ``[N]`` to ``[N, length]``."""
        angles = levels.float()[:, None] * self.frequencies
        waves = torch.cat([angles.cos(), angles.sin()], dim=1)
        return F.silu(self.joint(F.silu(self.level(waves) + self.label(labels))))


class Block(nn.Module):
    """Two convolutions that are added to their input, and attention behind them if wanted.

    Noise level and class scale and shift the second norm (Dhariwal & Nichol 2021).

    Args:
        inputs: Channels that it takes.
        outputs: Channels that it gives.
        condition: Length of the vector that stands for noise level and class.
        head: Channels of a head of attention; 0 for no attention.
        dropout: Before the second convolution.
    """

    def __init__(
        self, inputs: int, outputs: int, condition: int, head: int, dropout: float
    ) -> None:
        super().__init__()
        self.norm = group_norm(inputs)
        self.convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.scaled_norm = group_norm(outputs, affine=False)
        self.scale_and_shift = nn.Linear(condition, 2 * outputs)
        self.dropout = nn.Dropout(dropout)
        self.last = silent(nn.Conv2d(outputs, outputs, 3, padding=1))
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.attention = Attention(outputs, head) if head else nn.Identity()

    def forward(self, maps: Tensor, condition: Tensor) -> Tensor:
        """Map ``[N, inputs, H, W]`` and ``[N, condition]`` to ``[N, outputs, H, W]``."""
        hidden = self.convolution(F.silu(self.norm(maps)))
        scale, shift = self.scale_and_shift(condition)[..., None, None].chunk(2, dim=1)
        hidden = torch.addcmul(shift, self.scaled_norm(hidden), 1 + scale)
        hidden = self.last(self.dropout(F.silu(hidden)))
        return cast("Tensor", self.attention(self.shortcut(maps) + hidden))


class Attention(nn.Module):
    """Every place of a map looks at all places; what it sees is added.

    Args:
        channels: Of the map.
        head: Channels of a head; divides ``channels``.
    """

    def __init__(self, channels: int, head: int) -> None:
        super().__init__()
        self.heads = channels // head
        self.norm = group_norm(channels)
        self.projections = nn.Conv2d(channels, 3 * channels, 1)
        self.last = silent(nn.Conv2d(channels, channels, 1))

    def forward(self, maps: Tensor) -> Tensor:
        """Map ``[N, channels, H, W]`` to the same."""
        n, _, height, width = maps.shape
        projected = self.projections(self.norm(maps)).reshape(n, 3, self.heads, -1, height * width)
        queries, keys, values = projected.transpose(3, 4).unbind(1)
        seen = F.scaled_dot_product_attention(queries, keys, values)
        seen = seen.transpose(2, 3).reshape(n, -1, height, width)
        return cast("Tensor", maps + self.last(seen))


class Halving(nn.Module):
    """Takes the mean of each square of four."""

    def forward(self, maps: Tensor, condition: Tensor) -> Tensor:
        """Map ``[N, C, H, W]`` to ``[N, C, H / 2, W / 2]``."""
        return F.avg_pool2d(maps, 2)


class Doubling(nn.Module):
    """Repeats each place in a square of four, with other channels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.mixing = nn.Conv2d(inputs, outputs, 1)

    def forward(self, maps: Tensor, condition: Tensor) -> Tensor:
        """Map ``[N, inputs, H, W]`` to ``[N, outputs, 2H, 2W]``."""
        return F.interpolate(self.mixing(maps), scale_factor=2.0)


def group_norm(channels: int, affine: bool = True) -> nn.GroupNorm:
    """Normalise at most 32 groups of at least 8 channels, or all channels where there are fewer."""
    groups = math.gcd(channels, min(_MOST_GROUPS, max(1, channels // _GROUP)))
    return nn.GroupNorm(groups, channels, affine=affine)


def silent(layer: nn.Conv2d) -> nn.Conv2d:
    """Let a layer begin with zeros, so that what it is added to comes through as it is."""
    nn.init.zeros_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer
