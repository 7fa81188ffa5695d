"""An encoder and a decoder as one network, with labels or without."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from regene_bench_plugins.methods.vae.posterior import Heads, Posterior
from regene_bench_plugins.networks.conditioning import CodeEntrance, ImageEntrance


class LogitDecoder(Protocol):
    """A decoder that can be asked for pixel logits."""

    def logits(self, vectors: Tensor) -> Tensor:
        """Map ``[N, inputs]`` to pixel logits, float32 ``[N, C, H, W]``."""
        ...


class Autoencoding(nn.Module):
    """Maps images to posteriors of z and z to pixel logits.

    Where labels enter is what the entrances say: ``LabelPlanes`` and ``NoiseAndLabel`` for a
    network that is conditional itself, ``ImageOnly`` and ``NoiseOnly`` for one that is not.

    Args:
        entrance: Joins image and label.
        encoder: Maps what the entrance gives to features ``[N, F]``.
        heads: Maps features to a ``Posterior``.
        code: Joins z and label.
        decoder: Maps what ``code`` gives to pixel logits.
    """

    def __init__(
        self,
        *,
        entrance: ImageEntrance,
        encoder: nn.Module,
        heads: Heads,
        code: CodeEntrance,
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
        """What images ``[N, C, H, W]`` in [0, 1] with labels, int64 ``[N]``, say of z."""
        posterior: Posterior = self.heads(self.encoder(self.entrance(images, labels)))
        return posterior

    def logits(self, z: Tensor, labels: Tensor) -> Tensor:
        """Map z ``[N, D]`` and labels to pixel logits, float32 ``[N, C, H, W]``."""
        return self.decoder.logits(self.code(z, labels))
