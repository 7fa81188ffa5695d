"""Capsules: vectors whose length says how sure a part is there (Sabour et al. 2017)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from regene_bench.api import ImageShape
from regene_bench_plugins.networks.block_description import BlockDescription
from regene_bench_plugins.networks.coded_images import CodedImages
from regene_bench_plugins.networks.convolutional import ConvEncoder

_TINY = 1e-8


def squash(vectors: Tensor) -> Tensor:
    """Shorten vectors ``[..., D]`` to less than 1, keeping their direction (equation 1).

    ``‖s‖² / (1 + ‖s‖²) · s / ‖s‖``, without a division by zero or an infinite gradient at 0.
    """
    square = vectors.square().sum(dim=-1, keepdim=True)
    return vectors * (square / (1 + square) * (square + _TINY).rsqrt())


def route(votes: Tensor, iterations: int) -> Tensor:
    """Dynamic routing by agreement (procedure 1).

    The shares are found from the votes as they are; gradients take the last round's shares as
    given, so that memory does not grow with the rounds.

    Args:
        votes: What each capsule says of each in the layer above, ``[N, I, O, D]``.
        iterations: Rounds, at least 1.

    Returns:
        The layer above, ``[N, O, D]``.
    """
    given = votes.detach()
    agreement = given.new_zeros(given.shape[:3])
    for _ in range(iterations - 1):
        above = squash(_weighted(given, agreement.softmax(dim=2)))
        agreement = agreement + torch.einsum("niod,nod->nio", given, above)
    return squash(_weighted(votes, agreement.softmax(dim=2)))


def _weighted(votes: Tensor, shares: Tensor) -> Tensor:
    """Sum votes ``[N, I, O, D]`` over I with shares ``[N, I, O]``: ``[N, O, D]``."""
    return torch.einsum("nio,niod->nod", shares, votes)


class RoutedCapsules(nn.Module):
    """A layer of capsules, routed to from the layer below.

    Args:
        below: Capsules I of the layer below.
        below_dim: Their length.
        above: Capsules O of this layer.
        above_dim: Their length.
        iterations: Rounds of routing.
    """

    def __init__(
        self, below: int, below_dim: int, above: int, above_dim: int, iterations: int
    ) -> None:
        super().__init__()
        self._iterations = iterations
        weights = torch.randn(below, above, above_dim, below_dim) * below_dim**-0.5
        self.weights = nn.Parameter(weights)

    def forward(self, capsules: Tensor) -> Tensor:
        """Map ``[N, I, below_dim]`` to ``[N, O, above_dim]``."""
        votes = torch.einsum("iode,nie->niod", self.weights, capsules)
        return route(votes.float(), self._iterations)


class CapsuleEncoder(nn.Module):
    """Convolutions, capsules at every place of the innermost map, and a routed layer.

    The paper's two convolutions of 9×9 fit 28×28 images; these blocks fit any.

    Args:
        shape: Images that it takes.
        description: The convolutions' blocks.
        code: Length of the code beside each pixel; 0 if it takes images alone.
        types: Capsules at each place of the map.
        type_dim: Their length.
        capsules: Capsules of the routed layer.
        capsule_dim: Their length.
        iterations: Rounds of routing.
    """

    def __init__(
        self,
        shape: ImageShape,
        description: BlockDescription,
        code: int,
        *,
        types: int,
        type_dim: int,
        capsules: int,
        capsule_dim: int,
        iterations: int,
    ) -> None:
        super().__init__()
        self.features = ConvEncoder(shape, description, code)
        channels, height, width = self.features.map_shape
        self._type_dim = type_dim
        self.primary = nn.Conv2d(channels, types * type_dim, 1)
        self.routed = RoutedCapsules(
            types * height * width, type_dim, capsules, capsule_dim, iterations
        )
        self.latent_dim = capsules * capsule_dim

    def forward(self, images: Tensor | CodedImages) -> Tensor:
        """Map ``[N, C, H, W]`` to ``[N, latent_dim]``, the routed capsules side by side."""
        maps = self.primary(self.features.layers(images))
        below = maps.permute(0, 2, 3, 1).reshape(len(maps), -1, self._type_dim)
        routed: Tensor = self.routed(squash(below))
        return routed.flatten(1)
