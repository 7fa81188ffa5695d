"""A classifier whose latents can be had: an encoder and a linear head."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn


class LatentEncoder(nn.Module):
    """Maps images to latents, and shows the feature maps on the way.

    Attributes:
        latent_dim: D of the latents ``[N, D]``.
    """

    latent_dim: int

    @abstractmethod
    def block_features(self, images: Tensor) -> list[Tensor]:
        """Feature maps from the image inwards, images ``[N, C, H, W]`` in [0, 1]."""

    @abstractmethod
    def pooled(self, features: Tensor) -> Tensor:
        """Turn the last of the feature maps into latents ``[N, D]``."""

    def forward(self, images: Tensor) -> Tensor:
        """Map ``[N, C, H, W]`` to ``[N, latent_dim]``."""
        return self.pooled(self.block_features(images)[-1])


class LatentClassifier(nn.Module):
    """An encoder and a linear head on its latents.

    The head is the ``W, b`` of the ReGene paper's Lemma 1: classes are convex regions of the latent
    space, so that convex combinations of a class's latents stay in it.
    """

    def __init__(self, encoder: LatentEncoder, n_classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.latent_dim, n_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map ``[N, C, H, W]`` to logits ``[N, K]``."""
        logits: Tensor = self.head(self.encoder(images))
        return logits
