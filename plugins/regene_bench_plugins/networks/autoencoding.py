"""BEGAN's networks (Berthelot et al. 2017, section 3.5): a generator, and a discriminator that is
an autoencoder.

Convolutions are 3×3 with ELU. The generator and the autoencoder's decoder have one structure; the
encoder's channels grow by ``width`` at every halving. Inside, images have values in [−1, 1].
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from regene_bench.api import ImageShape
from regene_bench_plugins.networks.adversarial import halvings, halvings_to
from regene_bench_plugins.networks.conditioning import CodeEntrance
from regene_bench_plugins.networks.heads import Verdict

_SMALLEST_SIDE = 8


class UpsamplingDecoder(nn.Module):
    """Maps codes to pixels: a linear layer to about 8×8, then two convolutions a size.

    Args:
        shape: Images that it gives.
        inputs: Length of the codes.
        width: Channels.
    """

    def __init__(self, shape: ImageShape, inputs: int, width: int) -> None:
        super().__init__()
        sizes = halvings(shape.height, shape.width, halvings_to(_SMALLEST_SIDE, shape))
        self.map_shape = (width, *sizes[-1])
        self.expand = nn.Linear(inputs, width * sizes[-1][0] * sizes[-1][1])
        layers = _convolutions(width, width)
        for size in reversed(sizes[:-1]):
            layers += [nn.Upsample(size=size), *_convolutions(width, width)]
        layers.append(nn.Conv2d(width, shape.channels, 3, padding=1))
        self.layers = nn.Sequential(*layers)

    def forward(self, codes: Tensor) -> Tensor:
        """Map ``[N, inputs]`` to pixels without a bound, ``[N, C, H, W]``."""
        features = self.expand(codes).view(-1, *self.map_shape)
        pixels: Tensor = self.layers(features.contiguous(memory_format=torch.channels_last))
        return pixels


class UpsamplingGenerator(nn.Module):
    """The decoder behind an entrance for noise and label.

    The paper's is linear to the end; the sigmoid keeps images in [0, 1].

    Args:
        shape: Images that it gives.
        entrance: Makes a code of noise and labels.
        width: Channels.
    """

    def __init__(self, shape: ImageShape, entrance: CodeEntrance, width: int) -> None:
        super().__init__()
        self.entrance = entrance
        self.decoder = UpsamplingDecoder(shape, entrance.size, width)
        self.apply(_initialise)
        self.to(memory_format=torch.channels_last)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Map noise ``[N, Z]`` and labels, int64 ``[N]``, to float32 ``[N, C, H, W]`` in [0, 1]."""
        return torch.sigmoid(self.decoder(self.entrance(noise, labels)).float())


class AutoencoderDiscriminator(nn.Module):
    """Scores images by the error of their reconstruction: low for what it has learned to keep.

    Args:
        shape: Images that it takes.
        entrance: Makes of a code and labels what the decoder is given; its noise is the code here.
        code_dim: Length of the encoder's code.
        width: Channels next to the image; they grow by as many at every halving.
    """

    def __init__(
        self, shape: ImageShape, entrance: CodeEntrance, code_dim: int, width: int
    ) -> None:
        super().__init__()
        count = halvings_to(_SMALLEST_SIDE, shape)
        height, breadth = halvings(shape.height, shape.width, count)[-1]
        layers = [nn.Conv2d(shape.channels, width, 3, padding=1), nn.ELU()]
        for level in range(1, count + 1):
            channels = level * width
            layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.ELU()]
            layers += [nn.Conv2d(channels, channels + width, 3, stride=2, padding=1), nn.ELU()]
        channels = (count + 1) * width
        layers += _convolutions(channels, channels)
        layers += [nn.Flatten(), nn.Linear(channels * height * breadth, code_dim)]
        self.encoder = nn.Sequential(*layers)
        self.entrance = entrance
        self.decoder = UpsamplingDecoder(shape, entrance.size, width)
        self.apply(_initialise)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor, labels: Tensor) -> Verdict:
        """Score images in [0, 1]: mean absolute error, on the scale of [−1, 1], float32 ``[N]``."""
        centred = 2 * images - 1
        kept = self.decoder(self.entrance(self.encoder(centred), labels))
        return Verdict((kept.float() - centred.float()).abs().flatten(1).mean(dim=1))


def _initialise(module: nn.Module) -> None:
    """He's initialisation: so many layers without normalisation would let noise and label fade."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _convolutions(channels: int, outputs: int) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, outputs, 3, padding=1),
        nn.ELU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.ELU(),
    ]
