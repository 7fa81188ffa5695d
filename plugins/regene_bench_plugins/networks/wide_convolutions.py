"""Convolutions of many channels on maps of few pixels, as matrix products where a CPU gains.

A convolution is a product of its weights and of what lies under them at each place of the map. On
maps of a few pixels, oneDNN's convolutions of many channels and their gradients take up to eleven
times as long as gathering what lies under the weights and one product of large matrices; on larger
maps, and with fewer channels, gathering takes longer than it saves. The rules below come from what
``benchmarks/speed/convolutions.py`` prints in float32 and bfloat16, for layers on either side of
where this changes.

The modules are ``nn.Conv2d`` and ``nn.ConvTranspose2d`` in all else: the same weights under the
same names, equal results and gradients up to rounding. Elsewhere than on a CPU, and where a network
is compiled or exported, they are exactly these.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench.api import has_slow_float32_products

_CHANNELS, _TRANSPOSED_CHANNELS = 256, 512
# pixels of a side, of the smaller of the two maps: of convolutions, and of transposed ones
_SIDES = 4, 8
# what is added up in transposed ones is float32 all the same
_SIDES_IN_BFLOAT16 = 4, 4
_SIDES_WHERE_PRODUCTS_ARE_SLOW = 2, 0
_AXES = 4


class WideConv2d(nn.Conv2d):
    """A convolution that takes and gives channels last; zeros are around its maps, in one group."""

    def forward(self, input: Tensor) -> Tensor:
        """Map ``[N, C, H, W]`` to ``[N, C', H', W']``."""
        padding = _plain_padding(self)
        if padding is None or self.in_channels < _CHANNELS or not on_a_cpu(input):
            return super().forward(input)
        kernel, stride, (rows, columns) = self.kernel_size, self.stride, padding
        padded = F.pad(input.permute(0, 2, 3, 1), (0, 0, columns, columns, rows, rows))
        n, *sides, _ = padded.shape
        places = [(side - k) // s + 1 for side, k, s in zip(sides, kernel, stride, strict=True)]
        if max(places) > _largest_sides(input)[0] or min(places) < 1:
            return super().forward(input)
        under = _under(kernel, stride, places, sides[1], input.device)
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)
        seen = padded.flatten(1, 2).index_select(1, under).reshape(-1, weight.shape[1])
        result = F.linear(seen, weight, self.bias)
        return result.view(n, *places, self.out_channels).permute(0, 3, 1, 2)


class WideConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution that takes and gives channels last; of one group."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Map ``[N, C, H, W]`` to ``[N, C', H', W']``."""
        padding, places = _plain_padding(self), list(input.shape[2:])
        wide = self.in_channels >= _TRANSPOSED_CHANNELS and on_a_cpu(input)
        if padding is None or output_size is not None or not wide:
            return super().forward(input, output_size)
        if max(places) > _largest_sides(input)[1]:
            return super().forward(input, output_size)
        kernel, stride = self.kernel_size, self.stride
        # what padding cuts off is made, too
        sizes = [
            (places[axis] - 1) * stride[axis] + kernel[axis] + self.output_padding[axis]
            for axis in (0, 1)
        ]
        if min(sizes[axis] - 2 * padding[axis] for axis in (0, 1)) < 1:
            return super().forward(input)
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)
        parts: Tensor = input.permute(0, 2, 3, 1).reshape(-1, self.in_channels) @ weight
        under = _under(kernel, stride, places, sizes[1], input.device)
        given = parts.dtype
        # parts are added up in no less than float32, as torch's own convolutions do
        dtype = torch.promote_types(parts.dtype, torch.float32)
        parts = parts.view(len(input), len(under), self.out_channels).to(dtype)
        whole = parts.new_zeros(len(input), sizes[0] * sizes[1], self.out_channels)
        whole = whole.index_add(1, under, parts)
        rows, columns = (slice(padding[axis], sizes[axis] - padding[axis]) for axis in (0, 1))
        result = whole.view(len(input), *sizes, self.out_channels)[:, rows, columns]
        result = result.contiguous() if self.bias is None else result + self.bias
        return result.to(given).permute(0, 3, 1, 2)


def on_a_cpu(features: Tensor) -> bool:
    """Whether a batch ``[N, C, H, W]`` is convolved here, and not in a program for any engine."""
    # a program that is kept or compiled has the convolution itself, which any engine knows
    is_batch = features.dim() == _AXES
    return is_batch and features.device.type == "cpu" and not torch.compiler.is_compiling()


def _largest_sides(features: Tensor) -> tuple[int, int]:
    """Up to which side maps are products, by what these are computed in."""
    dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else features.dtype
    if dtype == torch.bfloat16:
        return _SIDES_IN_BFLOAT16
    if dtype == torch.float32 and has_slow_float32_products():
        return _SIDES_WHERE_PRODUCTS_ARE_SLOW
    return _SIDES


def _plain_padding(layer: nn.Conv2d | nn.ConvTranspose2d) -> tuple[int, int] | None:
    """Zeros around the map, down and across; ``None`` for what is left to torch."""
    if layer.groups > 1 or layer.dilation != (1, 1) or layer.padding_mode != "zeros":
        return None
    if isinstance(layer.padding, str):
        return None
    return layer.padding[0], layer.padding[1]


def _under(
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    places: list[int],
    width: int,
    device: torch.device,
) -> Tensor:
    """Pixels under the weights, place by place.

    Args:
        kernel: Sides of the weights.
        stride: Pixels from a place to the next, down and across.
        places: How many there are, down and across.
        width: Of the map that is gathered from or added to.
        device: Of the result.

    Returns:
        Numbers of pixels, int64 ``[places · places' · kernel · kernel']``.
    """
    rows, columns = (
        torch.arange(places[axis], device=device)[:, None] * stride[axis]
        + torch.arange(kernel[axis], device=device)
        for axis in (0, 1)
    )
    return (rows[:, None, :, None] * width + columns[None, :, None, :]).flatten()
