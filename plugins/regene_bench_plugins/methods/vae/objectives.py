"""What the networks minimise, as named terms whose sum is the loss.

Every term is a mean over images of what is summed within an image, so that no loss depends on the
batch size.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from regene_bench.api import Clock, Schedule
from regene_bench_plugins.methods.vae.network import Posterior
from regene_bench_plugins.methods.vae.pixels import Pixels

_DECAY_SHARE = 0.3
SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class EncodedBatch:
    """A batch of images with what the network makes of it.

    Attributes:
        images: float32 ``[N, C, H, W]`` in [0, 1].
        labels: int64 ``[N]``.
        posterior: What the encoder says of z.
        z: One draw of it, ``[N, D]``.
        logits: The decoder's pixel logits for that z, float32 ``[N, C, H, W]``.
        weights: What the objective's ``weights`` give at this time: numbers, or float32 ``[]``.
    """

    images: Tensor
    labels: Tensor
    posterior: Posterior
    z: Tensor
    logits: Tensor
    weights: Mapping[str, float | Tensor] = field(default_factory=dict)


class Objective(nn.Module, ABC):
    """A loss; a module, so that what it learns itself is trained and kept with the networks."""

    @property
    def weights(self) -> Mapping[str, Schedule]:
        """Numbers in it that change over a training, by name."""
        return {}

    @abstractmethod
    def forward(self, encoded: EncodedBatch) -> Mapping[str, Tensor]:
        """Map a batch to scalar terms; their sum is minimised."""


def divergence_from_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) ‖ N(0, I)) of each dimension (Kingma & Welling 2014, appendix B).

    Args:
        mean: ``[N, D]``.
        log_variance: ``[N, D]``.

    Returns:
        Nats, ``[N, D]``.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


class NegativeELBO(Objective):
    """The negative evidence lower bound: −log p(x | z) + KL(q(z | x) ‖ N(0, I)).

    Args:
        pixels: p(x | z).
    """

    def __init__(self, pixels: Pixels) -> None:
        super().__init__()
        self.pixels = pixels

    def forward(self, encoded: EncodedBatch) -> Mapping[str, Tensor]:
        """As of ``Objective``.

        Raises:
            TypeError: The encoder is deterministic: its divergence is infinite.
        """
        mean, log_variance = encoded.posterior.mean, encoded.posterior.log_variance
        if log_variance is None:
            raise TypeError("an evidence bound needs an encoder that says how sure it is")
        divergence = divergence_from_normal(mean, log_variance).sum(1).mean()
        error = self.pixels.negative_log_likelihood(encoded.logits, encoded.images).mean()
        return {"reconstruction": error, "kl": divergence}


class DecayingKLObjective(NegativeELBO):
    """The negative bound with a factor β on the divergence that falls from ``start`` to 1.

    This is the reverse of the usual KL warm-up, where β rises, and for networks that see labels. As
    long as β is large, z is dear and the decoder learns what the label says from the label; z has
    no need to say it again when it becomes cheap. Trained with β = 1 from the beginning, z keeps
    the label for a long time, and samples with another one are of the wrong class. The schedule is
    ours: β falls by the same factor a step, over 0.3 of the training, and is 1 from then on.

    Args:
        pixels: p(x | z, y).
        start: β at the first step, at least 1; with 1 it is ``NegativeELBO`` throughout.
    """

    def __init__(self, pixels: Pixels, start: float) -> None:
        super().__init__(pixels)
        self.start = start

    @property
    def weights(self) -> Mapping[str, Schedule]:
        """β."""

        def beta(clock: Clock) -> float:
            return float(self.start ** max(0.0, 1 - clock.progress / _DECAY_SHARE))

        return {"beta": beta}

    def forward(self, encoded: EncodedBatch) -> Mapping[str, Tensor]:
        """As of ``Objective``."""
        terms = super().forward(encoded)
        return {**terms, "kl": encoded.weights["beta"] * terms["kl"]}


class RAEObjective(Objective):
    """A regularised autoencoder's: summed squared error and ``weight · ½ ‖z‖²``.

    After Ghosh et al. 2020, equations 9 and 11.

    Args:
        weight: Of the codes' squared length.
    """

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, encoded: EncodedBatch) -> Mapping[str, Tensor]:
        """As of ``Objective``."""
        lengths = 0.5 * encoded.z.square().sum(1).mean()
        return {"reconstruction": squared_error(encoded), "embedding": self.weight * lengths}


class MMDObjective(Objective):
    """Summed squared error and ``weight · MMD`` of the codes from N(0, I) (Tolstikhin et al. 2018).

    Args:
        weight: λ.
    """

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, encoded: EncodedBatch) -> Mapping[str, Tensor]:
        """As of ``Objective``."""
        discrepancy = multiquadratic_mmd(encoded.z, torch.randn_like(encoded.z))
        return {"reconstruction": squared_error(encoded), "mmd": self.weight * discrepancy}


def squared_error(encoded: EncodedBatch) -> Tensor:
    """``‖x − x̂‖²``, summed over pixels and averaged over images."""
    errors = (torch.sigmoid(encoded.logits) - encoded.images).square()
    return errors.flatten(1).sum(1).mean()


def multiquadratic_mmd(codes: Tensor, prior: Tensor) -> Tensor:
    """Unbiased estimate of the squared maximum mean discrepancy of two samples; can be below 0.

    The discrepancy is that of Gretton et al. (2012). Its kernel is the sum over s of the inverse
    multiquadratics ``C / (C + ‖x − y‖²)`` with ``C = 2 D s``, s in ``SCALES``: 2 D is the expected
    squared distance of two draws from N(0, I) (Tolstikhin et al. 2018, section 4 and algorithm 2).
    Pairs of a code with itself are left out.

    Args:
        codes: ``[N, D]``, N at least 2.
        prior: Draws from the prior, ``[N, D]``.

    Returns:
        A scalar of the inputs' type, differentiable in both.

    Raises:
        ValueError: Fewer than two codes, or shapes that differ.
    """
    if codes.shape != prior.shape or len(codes) < 2:
        raise ValueError(f"no discrepancy of {list(codes.shape)} and {list(prior.shape)}")
    n = len(codes)
    within = _off_diagonal(_kernel(codes, codes)) + _off_diagonal(_kernel(prior, prior))
    return within / (n * (n - 1)) - 2 * _kernel(codes, prior).mean()


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    """Kernel of every pair, ``[N, N]``."""
    squares = x.square().sum(1, keepdim=True) + y.square().sum(1) - 2 * x @ y.T
    # Rounding can take the distance of neighbours below 0.
    squares = squares.clamp(min=0)
    total = torch.zeros_like(squares)
    for scale in SCALES:
        constant = 2 * x.shape[1] * scale
        total = total + constant / (constant + squares)
    return total


def _off_diagonal(kernel: Tensor) -> Tensor:
    return kernel.sum() - kernel.diagonal().sum()
