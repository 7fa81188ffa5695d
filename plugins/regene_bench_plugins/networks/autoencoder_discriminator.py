"""BEGAN's discriminator, an autoencoder, in the form that Lucic et al. 2018 compare."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from regene_bench.api import ImageShape
from regene_bench_plugins.networks.conditioning import CodeAndOneHot, CodeOnly
from regene_bench_plugins.networks.heads import DiscriminatorOutput
from regene_bench_plugins.networks.strided import StridedFeatures, halvings


class AutoencoderDiscriminator(nn.Module):
    """Scores images by the error of their reconstruction: low for what it has learned to keep.

    conv ``width``, 4×4, stride 2, LeakyReLU – fc ``code_dim`` – (label) – fc ``width`` · H/2 · W/2,
    batch norm, ReLU – deconv, 4×4, stride 2, sigmoid. With labels, a linear classifier reads the
    code, since an autoencoder may keep an image well without a look at its label.

    Every unit of the wide layer has a batch norm of its own. With one for each of its channels, as
    after a convolution, the generator settles on one image for each class.

    Args:
        shape: Images that it takes; an odd side is cropped on the way.
        code_dim: Length of the code.
        width: Channels between image and code.
        conditional: Labels beside the code, and class logits.
    """

    def __init__(self, shape: ImageShape, code_dim: int, width: int, *, conditional: bool) -> None:
        super().__init__()
        _, inner = halvings(shape.height, shape.width, 1)
        self.map_shape = (width, *inner)
        self.features = StridedFeatures(shape, shape.channels, (width,))
        self.code = nn.Linear(self.features.size, code_dim)
        self.entrance = (
            CodeAndOneHot(code_dim, shape.n_classes) if conditional else CodeOnly(code_dim)
        )
        self.expand = nn.Sequential(
            nn.Linear(self.entrance.size, self.features.size),
            nn.BatchNorm1d(self.features.size),
            nn.ReLU(),
        )
        self.draw = nn.ConvTranspose2d(width, shape.channels, 4, stride=2, padding=1)
        self.classes = (
            nn.Sequential(nn.ReLU(), nn.Linear(code_dim, shape.n_classes)) if conditional else None
        )
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor, labels: Tensor) -> DiscriminatorOutput:
        """Score images ``[N, C, H, W]`` in [0, 1]: mean absolute error, float32 ``[N]``."""
        code = self.code(self.features(images))
        features = self.expand(self.entrance(code, labels)).unflatten(1, self.map_shape)
        pixels = self.draw(features.contiguous(memory_format=torch.channels_last))
        kept = torch.sigmoid(pixels[:, :, : images.shape[2], : images.shape[3]].float())
        errors = (kept - images.float()).abs().flatten(1).mean(dim=1)
        return DiscriminatorOutput(
            errors, None if self.classes is None else self.classes(code).float()
        )
