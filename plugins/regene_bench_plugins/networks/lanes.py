"""K networks of the same layers as one network: K times the channels, in K groups.

Each of the K models is a lane. They share a launch of every kernel and nothing else.

A model's weights are a stretch of the first axis, so that convolutions are grouped convolutions and
batch norms are batch norms of more channels. Models may differ in the inputs of their linear layers
(generators with more or less noise): the narrower are padded on the left, where their inputs are
zero and their weights stay zero.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench_plugins.networks.coded_images import (
    CodedConv2d,
    CodedImages,
    maps_of,
    sums_planes,
)


class LaneLinear(nn.Module):
    """K linear layers, maybe of different numbers of inputs.

    Args:
        layers: The layers, all with a bias.
    """

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        super().__init__()
        widest = max(layer.in_features for layer in layers)
        weights = [F.pad(layer.weight, (widest - layer.in_features, 0)) for layer in layers]
        self.weight = nn.Parameter(torch.stack(weights).detach())
        self.bias = nn.Parameter(torch.stack([layer.bias for layer in layers]).detach())

    def forward(self, features: Tensor) -> Tensor:
        """Map ``[N, K, inputs]``, or the same flattened, to ``[N, K · outputs]``."""
        lanes, outputs, inputs = self.weight.shape
        rows = features.reshape(-1, lanes, inputs).transpose(0, 1)
        product = torch.baddbmm(
            self.bias.unsqueeze(1).to(rows.dtype), rows, self.weight.transpose(1, 2).to(rows.dtype)
        )
        return product.transpose(0, 1).reshape(-1, lanes * outputs)


class LaneConv2d(nn.Conv2d):
    """K convolutions; it takes ``[N, K, C, H, W]``, maybe with codes, or ``[N, K · C, H, W]``.

    Args:
        layers: The layers, which are alike.
    """

    def __init__(self, layers: Sequence[nn.Conv2d]) -> None:
        first, lanes = layers[0], len(layers)
        super().__init__(
            lanes * first.in_channels,
            lanes * first.out_channels,
            first.kernel_size,  # type: ignore[arg-type]
            first.stride,  # type: ignore[arg-type]
            first.padding,  # type: ignore[arg-type]
            groups=lanes,
            bias=first.bias is not None,
        )

    def forward(self, input: Tensor | CodedImages) -> Tensor:
        """Map the features of all models to ``[N, K · outputs, H, W]``."""
        features = input.joined() if isinstance(input, CodedImages) else input
        flat = features.flatten(1, 2) if features.dim() == 5 else features
        return super().forward(flat.contiguous(memory_format=torch.channels_last))


class LaneCodedConv2d(LaneConv2d):
    """K of ``CodedConv2d``, whose planes are not made either.

    Args:
        layers: The layers, which are alike.
    """

    inside: Tensor

    def __init__(self, layers: Sequence[CodedConv2d]) -> None:
        super().__init__(layers)
        self.channels, self.size = layers[0].channels, layers[0].size
        self.register_buffer("inside", layers[0].inside, persistent=False)

    def forward(self, input: Tensor | CodedImages) -> Tensor:
        """Map images ``[N, K, C, H, W]`` with their codes to ``[N, K · outputs, H, W]``."""
        if not isinstance(input, CodedImages) or not sums_planes(input, self.size):
            return super().forward(input)
        of_image, of_code = self.weight[:, : self.channels], self.weight[:, self.channels :]
        images = input.images.flatten(1, 2).contiguous(memory_format=torch.channels_last)
        seen = F.conv2d(images, of_image, self.bias, self.stride, self.padding, 1, self.groups)
        own = of_code.reshape(self.groups, -1, *of_code.shape[1:]).permute(0, 2, 3, 4, 1).flatten(2)
        weights = input.code.transpose(0, 1).to(own.dtype) @ own
        maps = maps_of(self.inside, weights.flatten(0, 1), seen)
        by_image = maps.reshape(self.groups, len(images), *maps.shape[1:]).transpose(0, 1)
        return seen + by_image.flatten(1, 2)


def stacked(networks: Sequence[nn.Module]) -> nn.Module:
    """Make one network of K.

    Args:
        networks: Of the same layers; only the inputs of linear layers may differ in number.

    Returns:
        A network of the same structure. What lies side by side in the channels of its features
        and in its outputs ``[N, K · …]`` are the models in their order.

    Raises:
        TypeError: There is a layer with weights for which there is no form for K models.
    """
    whole = copy.deepcopy(networks[0])
    return _replaced(whole, networks).to(memory_format=torch.channels_last)


def lane_of(whole: Tensor, own: Tensor, lane: int, lanes: int) -> Tensor:
    """View of one model in a weight, buffer or moment of all.

    Args:
        whole: The tensor of the stacked network.
        own: The tensor of the same name in the model's own network, for its shape.
        lane: Number of the model.
        lanes: K.
    """
    if own.dim() == 0:
        return whole
    apart = whole if whole.dim() > own.dim() else whole.view(lanes, -1, *whole.shape[1:])
    part = apart[lane]
    return part[..., part.shape[-1] - own.shape[-1] :]


def _replaced(module: nn.Module, models: Sequence[nn.Module]) -> nn.Module:
    layer = _layer(models)
    if layer is not None:
        return layer
    if any(True for _ in module.parameters(recurse=False)):
        raise TypeError(f"{type(module).__name__} cannot be trained for several models at once.")
    for name, child in module.named_children():
        children = [model.get_submodule(name) for model in models]
        setattr(module, name, _replaced(child, children))
    return module


def _layer(layers: Sequence[nn.Module]) -> nn.Module | None:
    """The layer of K times the channels, or ``None`` for what is no layer with weights."""
    first, lanes = layers[0], len(layers)
    if isinstance(first, nn.Linear):
        return LaneLinear([layer for layer in layers if isinstance(layer, nn.Linear)])
    if isinstance(first, nn.ConvTranspose2d):
        channels = (lanes * first.in_channels, lanes * first.out_channels)
        layer: nn.Module = nn.ConvTranspose2d(
            *channels,
            first.kernel_size,  # type: ignore[arg-type]
            first.stride,  # type: ignore[arg-type]
            first.padding,  # type: ignore[arg-type]
            first.output_padding,  # type: ignore[arg-type]
            groups=lanes,
        )
    elif isinstance(first, CodedConv2d):
        layer = LaneCodedConv2d([each for each in layers if isinstance(each, CodedConv2d)])
    elif isinstance(first, nn.Conv2d):
        layer = LaneConv2d([each for each in layers if isinstance(each, nn.Conv2d)])
    elif isinstance(first, nn.BatchNorm2d):
        layer = nn.BatchNorm2d(lanes * first.num_features, first.eps, first.momentum)
    else:
        return None
    own = dict(layer.state_dict())
    for name, value in own.items():
        values = [model.state_dict()[name] for model in layers]
        own[name] = torch.cat(values) if value.dim() else values[0]
    layer.load_state_dict(own)
    return layer.to(next(first.parameters()).device)
