"""Any of timm's networks as an encoder: its pooled features are the latents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from regene_bench.api import ConfigError, ImageShape
from regene_bench_plugins.backbones.timm_weights import TimmConfig, load_model
from regene_bench_plugins.networks.latent_classifier import LatentEncoder

# Most of timm's networks halve their images five times; this leaves them a map of 2×2.
_SMALLEST_SIDE = 64


class TimmEncoder(LatentEncoder):
    """A network of timm (Wightman 2019) without its classifier.

    Images become RGB (grey ones by repeating the channel) under the mean and standard deviation
    that timm states. Networks of a fixed input size get that size; for the others, images whose
    shorter side has less than 64 pixels (or what the network needs at least) are enlarged to it.

    Args:
        model: timm's name of the network.
        shape: Images that it takes, of one or three channels.
        weights: A safetensors file of the network's weights; random ones if empty.

    Raises:
        ConfigError: The images have another number of channels, or the network takes no RGB.
        UnavailableError: The file is not there or is of another network.
    """

    def __init__(self, model: str, shape: ImageShape, weights: str = "") -> None:
        super().__init__()
        self.network = _build(model, weights)
        stated: Mapping[str, Any] = self.network.pretrained_cfg
        channels, *_ = stated["input_size"]
        if shape.channels not in (1, 3) or channels != 3:
            raise ConfigError(
                f"timm:{model} takes RGB images, not {shape.channels} channels.",
                hint="Use encoder=conv.",
            )
        self._size = _input_size(stated, shape)
        for name in ("mean", "std"):
            self.register_buffer(name, torch.tensor(stated[name])[:, None, None], persistent=False)
        self.mean: Tensor
        self.std: Tensor
        with torch.no_grad():
            blank = torch.zeros(1, shape.channels, shape.height, shape.width)
            self.eval()
            self.latent_dim = self(blank).shape[1]
            self.train()

    def block_features(self, images: Tensor) -> list[Tensor]:
        """The last feature map before pooling, alone: timm's networks have no common blocks."""
        values = images.expand(-1, 3, -1, -1)
        if values.shape[2:] != self._size:
            values = F.interpolate(values, self._size, mode="bilinear", antialias=True)
        values = (values - self.mean) / self.std
        features: Tensor = self.network.forward_features(
            values.contiguous(memory_format=torch.channels_last)
        )
        return [features]

    def pooled(self, features: Tensor) -> Tensor:
        """Apply the network's own pooling, up to where its classifier would be."""
        latents: Tensor = self.network.forward_head(features, pre_logits=True)
        return latents.flatten(1)


def _build(model: str, weights: str) -> Any:
    import timm

    if weights:
        network = load_model(model, TimmConfig(weights=weights), option="`encoder_weights`")
        network.requires_grad_(True)
    else:
        network = timm.create_model(model, pretrained=False, num_classes=0)
    return network.to(memory_format=torch.channels_last)


def _input_size(stated: Mapping[str, Any], shape: ImageShape) -> tuple[int, int]:
    """Height and width that images are resized to before the network."""
    _, height, width = stated["input_size"]
    if stated.get("fixed_input_size"):
        return height, width
    least = stated.get("min_input_size") or (3, _SMALLEST_SIDE, _SMALLEST_SIDE)
    wanted = max(_SMALLEST_SIDE, *least[1:])
    scale = max(1.0, wanted / min(shape.height, shape.width))
    return round(shape.height * scale), round(shape.width * scale)
