"""The codebook of a VQ-VAE, learned by moving averages (van den Oord et al. 2017, appendix A.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_SMOOTHING = 1e-5
# Of the even share of vectors: below the first a code is unused, the second is what it gets anew.
_UNUSED = 0.03
_REVIVED = 0.1


class Codebook(nn.Module):
    """K vectors, each the moving average of the encoder outputs that it is nearest to.

    Nothing here is trained by gradients, and all of it is computed in float32.

    Args:
        n_codes: K.
        dim: Length D of a vector.
        decay: γ of the moving averages.
    """

    vectors: Tensor
    counts: Tensor
    sums: Tensor

    def __init__(self, n_codes: int, dim: int, decay: float) -> None:
        super().__init__()
        self._decay = decay
        self.register_buffer("vectors", torch.randn(n_codes, dim))
        self.register_buffer("counts", torch.zeros(n_codes))
        self.register_buffer("sums", torch.zeros(n_codes, dim))

    def nearest(self, encoded: Tensor) -> Tensor:
        """Find the code of the nearest vector: ``[M, D]`` to int64 ``[M]``."""
        with torch.autocast(encoded.device.type, enabled=False):
            products = encoded.detach().float() @ self.vectors.T
            # The square of the encoded vector is the same for all codes.
            return (self.vectors.square().sum(1) - 2 * products).argmin(1)

    def forward(self, codes: Tensor) -> Tensor:
        """Look vectors up: int64 ``[...]`` to float32 ``[..., D]``."""
        return F.embedding(codes, self.vectors)

    @torch.no_grad()
    def update(self, encoded: Tensor, codes: Tensor) -> None:
        """Move the averages on by one batch.

        ``N ← γN + (1 − γ)n`` and ``m ← γm + (1 − γ)Σ`` for the number and the sum of each code's
        vectors; its vector is ``m`` over N, after N was smoothed as Laplace does.

        Args:
            encoded: What the encoder gave, ``[M, D]``.
            codes: Which codes they got, int64 ``[M]``.
        """
        encoded = encoded.float()
        n = torch.zeros_like(self.counts).index_add_(0, codes, torch.ones_like(encoded[:, 0]))
        total = torch.zeros_like(self.sums).index_add_(0, codes, encoded)
        self.counts.lerp_(n, 1 - self._decay)
        self.sums.lerp_(total, 1 - self._decay)
        whole = self.counts.sum()
        smooth = (self.counts + _SMOOTHING) / (whole + len(self.counts) * _SMOOTHING) * whole
        self.vectors.copy_(self.sums / smooth[:, None])

    @torch.no_grad()
    def revive(self, encoded: Tensor) -> None:
        """Move codes that hardly anything is nearest to onto random vectors of a batch, ``[M, D]``.

        A vector that is never nearest never moves; this is the usual remedy (Dhariwal et al. 2020),
        and it gives the codebook its first values, too.
        """
        even = len(encoded) / len(self.counts)
        unused = self.counts < _UNUSED * even
        chosen = torch.randint(len(encoded), self.counts.shape, device=encoded.device)
        vectors = encoded.float()[chosen]
        self.counts.masked_fill_(unused, _REVIVED * even)
        self.vectors.copy_(torch.where(unused[:, None], vectors, self.vectors))
        self.sums.copy_(torch.where(unused[:, None], vectors * _REVIVED * even, self.sums))


def straight_through(encoded: Tensor, quantised: Tensor) -> Tensor:
    """The quantised values, whose gradient goes to the encoder as if nothing had been rounded."""
    return encoded + (quantised - encoded).detach()


def commitment(encoded: Tensor, quantised: Tensor) -> Tensor:
    """Mean squared distance of an encoder's outputs from their codes, per value.

    A mean over images, positions and channels, so that β means the same for any batch and any map.
    """
    return F.mse_loss(encoded.float(), quantised.detach())
