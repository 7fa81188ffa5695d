"""BEGAN's discriminator, an autoencoder, in the form that Lucic et al. 2018 compare.

Layers as in ``compare_gan/src/gans/BEGAN.py`` of github.com/google/compare_gan before its
rewriting. This benchmark's are the label beside the code, the classifier, a LeakyReLU behind the
second convolution, where they go straight on to the code, and torch's initialisation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from regene_bench.api import ImageShape
from regene_bench_plugins.networks.conditional_norm import no_norm
from regene_bench_plugins.networks.conditioning import CodeAndOneHot, CodeOnly
from regene_bench_plugins.networks.heads import DiscriminatorOutput
from regene_bench_plugins.networks.strided import StridedFeatures, halvings

_SLOPE = 0.2


class AutoencoderDiscriminator(nn.Module):
    """Scores images by the error of their reconstruction: low for what it has learned to keep.

    conv ``width`` – conv ``2 width``, 4×4, stride 2 – fc ``code_dim`` – (label) – fc ``2 width`` ·
    H/4 · W/4 – deconv ``width`` – deconv, 4×4, stride 2, sigmoid; LeakyReLU(0.2) between all. With
    labels, a linear classifier reads the code, since an autoencoder may keep an image well without
    a look at its label.

    Args:
        shape: Images that it takes; an odd side is cropped on the way.
        code_dim: Length of the code.
        width: Channels next to the image.
        norm: Batch normalisation of the code and of what the decoder's hidden layers give.
        conditional: Labels beside the code, and class logits.
    """

    def __init__(
        self, shape: ImageShape, code_dim: int, width: int, *, norm: bool, conditional: bool
    ) -> None:
        super().__init__()
        _, self.middle, inner = halvings(shape.height, shape.width, 2)
        self.map_shape = (2 * width, *inner)
        widths = (width, 2 * width)
        self.features = StridedFeatures(shape, widths, slope=_SLOPE, norm=no_norm)
        flat, map_norm = (nn.BatchNorm1d, nn.BatchNorm2d) if norm else (no_norm, no_norm)
        self.code = nn.Sequential(
            nn.Linear(self.features.size, code_dim), flat(code_dim), nn.LeakyReLU(_SLOPE)
        )
        self.entrance = (
            CodeAndOneHot(code_dim, shape.n_classes) if conditional else CodeOnly(code_dim)
        )
        self.expand = nn.Sequential(
            nn.Linear(self.entrance.size, self.features.size),
            flat(self.features.size),
            nn.LeakyReLU(_SLOPE),
        )
        self.grow = nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1)
        self.grown = nn.Sequential(map_norm(width), nn.LeakyReLU(_SLOPE))
        self.draw = nn.ConvTranspose2d(width, shape.channels, 4, stride=2, padding=1)
        self.classes = nn.Linear(code_dim, shape.n_classes) if conditional else None
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor, labels: Tensor) -> DiscriminatorOutput:
        """Score images ``[N, C, H, W]`` in [0, 1]: mean absolute error, float32 ``[N]``."""
        code = self.code(self.features(images))
        features = self.expand(self.entrance(code, labels)).unflatten(1, self.map_shape)
        grown = self.grow(features.contiguous(memory_format=torch.channels_last))
        pixels = self.draw(self.grown(grown[:, :, : self.middle[0], : self.middle[1]]))
        kept = torch.sigmoid(pixels[:, :, : images.shape[2], : images.shape[3]].float())
        errors = (kept - images.float()).abs().flatten(1).mean(dim=1)
        return DiscriminatorOutput(
            errors, None if self.classes is None else self.classes(code).float()
        )
