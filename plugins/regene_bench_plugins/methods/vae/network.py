"""An encoder and a decoder as one network, with labels or without, and what the encoder returns.

An encoder maps images to features, its heads map features to a ``Posterior`` of the code z, and the
decoder maps z to pixel logits. ``Autoencoding`` joins them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from regene_bench.api import DeviceImages
from regene_bench_plugins.networks.coded_images import CodedImages
from regene_bench_plugins.networks.conditioning import CodeInput
from regene_bench_plugins.networks.pixel_bias import LogitDecoder, PixelBiased


@dataclass(frozen=True)
class Posterior:
    """Diagonal Gaussians q(z | x), or points where the encoder is deterministic.

    Attributes:
        mean: float32 ``[N, D]``.
        log_variance: float32 ``[N, D]``; ``None`` for points.
    """

    mean: Tensor
    log_variance: Tensor | None

    def draw(self) -> Tensor:
        """One z for each image, ``[N, D]``, differentiable (Kingma & Welling 2014, section 2.4)."""
        if self.log_variance is None:
            return self.mean
        return self.mean + torch.randn_like(self.mean) * (0.5 * self.log_variance).exp()


class Heads(nn.Module, ABC):
    """Base of the layers that turn an encoder's features ``[N, F]`` into a ``Posterior``.

    Args:
        latent_dim: D.
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim

    @abstractmethod
    def forward(self, features: Tensor) -> Posterior:
        """Map ``[N, F]`` to a posterior of codes ``[N, D]``."""


class GaussianHeads(Heads):
    """Mean and logarithm of the variance, both learned.

    Args:
        features: F.
        latent_dim: D.
    """

    def __init__(self, features: int, latent_dim: int) -> None:
        super().__init__(latent_dim)
        self.linear = nn.Linear(features, 2 * latent_dim)

    def forward(self, features: Tensor) -> Posterior:
        """Map ``[N, F]`` to Gaussians."""
        mean, log_variance = self.linear(features).float().chunk(2, dim=1)
        return Posterior(mean, log_variance)


class ConstantVarianceHeads(Heads):
    """A learned mean and one standard deviation for all (Ghosh et al. 2020, section 3).

    Args:
        features: F.
        latent_dim: D.
        sigma: The standard deviation.
    """

    def __init__(self, features: int, latent_dim: int, sigma: float) -> None:
        super().__init__(latent_dim)
        self.linear = nn.Linear(features, latent_dim)
        self.log_variance = 2 * math.log(sigma)

    def forward(self, features: Tensor) -> Posterior:
        """Map ``[N, F]`` to Gaussians of that standard deviation."""
        mean = self.linear(features).float()
        return Posterior(mean, torch.full_like(mean, self.log_variance))


class PointHeads(Heads):
    """A deterministic code.

    Args:
        features: F.
        latent_dim: D.
    """

    def __init__(self, features: int, latent_dim: int) -> None:
        super().__init__(latent_dim)
        self.linear = nn.Linear(features, latent_dim)

    def forward(self, features: Tensor) -> Posterior:
        """Map ``[N, F]`` to points."""
        return Posterior(self.linear(features).float(), None)


class Autoencoding(nn.Module):
    """Maps images to posteriors of z and z to pixel logits.

    Where labels enter is what the two inputs say: ``LabelPlanes`` and ``CodeAndOneHot`` for a
    network that is conditional itself, ``ImageOnly`` and ``CodeOnly`` for one that is not.

    Args:
        entrance: Joins image and label.
        encoder: Maps what ``entrance`` gives to features ``[N, F]``.
        heads: Maps features to a ``Posterior``.
        code: Joins z and label.
        decoder: Maps what ``code`` gives to pixel logits.
    """

    def __init__(
        self,
        *,
        entrance: Callable[[Tensor, Tensor], Tensor | CodedImages],
        encoder: nn.Module,
        heads: Heads,
        code: CodeInput,
        decoder: LogitDecoder,
    ) -> None:
        super().__init__()
        self.entrance = entrance
        self.encoder = encoder
        self.heads = heads
        self.code = code
        self.decoder = decoder

    @property
    def latent_dim(self) -> int:
        """D of z ``[N, D]``."""
        return self.heads.latent_dim

    def posterior(self, images: Tensor, labels: Tensor) -> Posterior:
        """The posterior of z for images ``[N, C, H, W]`` in [0, 1] with labels, int64 ``[N]``."""
        posterior: Posterior = self.heads(self.encoder(self.entrance(images, labels)))
        return posterior

    def logits(self, z: Tensor, labels: Tensor) -> Tensor:
        """Map z ``[N, D]`` and labels to pixel logits, float32 ``[N, C, H, W]``."""
        return self.decoder.logits(self.code(z, labels))

    def start_from(self, images: DeviceImages) -> None:
        """Take from the training images what the network starts with: its bias of the pixels."""
        if isinstance(self.decoder, PixelBiased):
            self.decoder.start_at_mean(images)
