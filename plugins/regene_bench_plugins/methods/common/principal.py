"""Whitened principal coordinates of codes, in which densities of them are fitted."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# Components of codes are taken of so many at most, spread evenly over their order.
_CODES = 20_000


class PrincipalCoordinates(nn.Module):
    """An affine map between codes and their first principal components, each of variance 1.

    Codes that are nowhere negative, as behind a ReLU, come back without negative numbers, too: what
    a density puts below 0 is raised to it. So the zeros, which no density has, return.

    A module, so that a checkpoint keeps the map with the network that was trained behind it:
    components that are computed anew can differ in sign.

    Args:
        code_dim: D of codes ``[N, D]``.
        dim: How many components d are kept, from 1 to D.
    """

    def __init__(self, code_dim: int, dim: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.basis: Tensor
        self.scales: Tensor
        self.lowest: Tensor
        self.register_buffer("mean", torch.zeros(code_dim))
        self.register_buffer("basis", torch.eye(code_dim)[:, :dim].contiguous())
        self.register_buffer("scales", torch.ones(dim))
        self.register_buffer("lowest", torch.tensor(-torch.inf))

    @property
    def dim(self) -> int:
        """d of coordinates ``[N, d]``."""
        return len(self.scales)

    @torch.no_grad()
    def fit(self, codes: Tensor) -> None:
        """Take mean, components and deviations of codes, float32 ``[N, D]``.

        The sign of a component is chosen such that its largest entry is positive. A direction in
        which the codes do not differ keeps the deviation 1, and so is always at 0.
        """
        # on the CPU: not every device has float64
        values = codes[:: -(-len(codes) // _CODES)].cpu().double()
        mean = values.mean(0)
        centred = values - mean
        variances, vectors = torch.linalg.eigh(centred.T @ centred / max(1, len(values) - 1))
        vectors = vectors.flip(1)[:, : self.dim]
        largest = vectors.gather(0, vectors.abs().argmax(0, keepdim=True))
        variances = variances.flip(0)[: self.dim].clamp(min=0)
        # what rounding leaves of nothing is nothing
        told = variances > 1e-10 * variances.max()
        self.mean.copy_(mean)
        self.basis.copy_(vectors * torch.where(largest < 0, -1.0, 1.0))
        self.scales.copy_(torch.where(told, variances, 1.0).sqrt())
        self.lowest.fill_(-torch.inf if float(values.min()) < 0 else 0.0)

    def forward(self, codes: Tensor) -> Tensor:
        """Map codes ``[N, D]`` to coordinates ``[N, d]``."""
        return (codes - self.mean) @ self.basis / self.scales

    def inverse(self, coordinates: Tensor) -> Tensor:
        """Map coordinates ``[N, d]`` to codes ``[N, D]``, at the mean beyond the components."""
        codes = coordinates * self.scales @ self.basis.T + self.mean
        return codes.maximum(self.lowest)
