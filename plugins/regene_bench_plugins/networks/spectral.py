"""Spectral normalisation (Miyato et al. 2018): weights of largest singular value 1.

Torch's own parametrisation multiplies in the precision of autocast, and its two factors then differ
in type; this one stays in float32 whatever surrounds it.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

_FIRST_ITERATIONS = 15

ModuleT = TypeVar("ModuleT", bound=nn.Module)


class SpectralNorm(nn.Module):
    """Divides a weight by its largest singular value, as a matrix.

    The matrix is ``[outputs, everything else]``; that of a convolution in the place of a transposed
    one is ``[inputs, everything else]``, since that is where a transposed one's weight begins, and
    what each input may add to all of the pixels around it.

    The singular vector is followed by one power iteration a use in training (section 2.2 and
    algorithm 1) and kept as a buffer, so that it is in checkpoints.

    Args:
        weight: The weight as it starts, ``[outputs, inputs, ...]``.
        transposed: Whether it stands for a transposed convolution's.
    """

    def __init__(self, weight: Tensor, *, transposed: bool = False) -> None:
        super().__init__()
        self.left: Tensor
        self.transposed = transposed
        matrix = self._matrix(weight)
        self.register_buffer("left", F.normalize(torch.randn(len(matrix)), dim=0))
        with torch.no_grad():
            for _ in range(_FIRST_ITERATIONS):
                self._iterate(matrix)

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weight over its largest singular value; gradients flow through both."""
        with torch.autocast(weight.device.type, enabled=False):
            matrix = self._matrix(weight)
            with torch.no_grad():
                if self.training:
                    self._iterate(matrix)
                # A copy: the next use moves the buffer before this one's backward pass.
                left = self.left.clone()
                right = F.normalize(matrix.T @ left, dim=0)
            return weight / torch.dot(left, matrix @ right)

    def _matrix(self, weight: Tensor) -> Tensor:
        return (weight.transpose(0, 1) if self.transposed else weight).flatten(1)

    def _iterate(self, matrix: Tensor) -> None:
        right = F.normalize(matrix.T @ self.left, dim=0)
        self.left.copy_(F.normalize(matrix @ right, dim=0))


def spectrally_normalised(network: ModuleT, *, transposed: bool = False) -> ModuleT:
    """Normalise every convolution, linear layer and embedding of a network, in place.

    Args:
        network: The network.
        transposed: Whether its convolutions stand for transposed ones, as a decoder's do.
    """
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear | nn.Embedding)]
    for layer in layers:
        turned = transposed and isinstance(layer, nn.Conv2d)
        norm = SpectralNorm(layer.weight, transposed=turned)
        parametrize.register_parametrization(layer, "weight", norm)
    return network
