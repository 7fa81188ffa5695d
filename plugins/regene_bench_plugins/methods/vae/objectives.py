"""What the networks minimise, as named terms whose sum is the loss.

Every term is a mean over images of what is summed within an image, so that no loss depends on the
batch size.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from regene_bench_plugins.methods.vae.mmd import multiquadratic_mmd
from regene_bench_plugins.methods.vae.pixels import Pixels
from regene_bench_plugins.methods.vae.posterior import Posterior

_DEAR_SHARE = 0.3


@dataclass(frozen=True)
class Coded:
    """A batch on its way through the network.

    Attributes:
        images: float32 ``[N, C, H, W]`` in [0, 1].
        labels: int64 ``[N]``.
        posterior: What the encoder says of z.
        z: One draw of it, ``[N, D]``.
        logits: The decoder's pixel logits for that z, float32 ``[N, C, H, W]``.
        progress: Share of the training that is done, in [0, 1).
    """

    images: Tensor
    labels: Tensor
    posterior: Posterior
    z: Tensor
    logits: Tensor
    progress: float = 0.0


class Objective(nn.Module, ABC):
    """A loss; a module, so that what it learns itself is trained and kept with the networks."""

    @abstractmethod
    def forward(self, coded: Coded) -> Mapping[str, Tensor]:
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


class EvidenceBound(Objective):
    """The negative evidence lower bound: −log p(x | z) + KL(q(z | x) ‖ N(0, I)).

    Args:
        pixels: p(x | z).
    """

    def __init__(self, pixels: Pixels) -> None:
        super().__init__()
        self.pixels = pixels

    def forward(self, coded: Coded) -> Mapping[str, Tensor]:
        """As of ``Objective``.

        Raises:
            TypeError: The encoder is deterministic: its divergence is infinite.
        """
        mean, log_variance = coded.posterior.mean, coded.posterior.log_variance
        if log_variance is None:
            raise TypeError("an evidence bound needs an encoder that says how sure it is")
        divergence = divergence_from_normal(mean, log_variance).sum(1).mean()
        error = self.pixels.negative_log_likelihood(coded.logits, coded.images).mean()
        return {"reconstruction": error, "kl": divergence}


class LabelFirstBound(EvidenceBound):
    """The bound with a divergence that costs more at first, for networks that see labels.

    As long as z is dear, the decoder learns what the label says from the label; z has no need to
    say it again when it becomes cheap. Trained with the bound from the start, z keeps the label for
    a long time, and samples with another one are of the wrong class. The schedule is ours: the
    weight falls from ``start`` to 1, by the same factor a step, over 0.3 of the training.

    Args:
        pixels: p(x | z, y).
        start: Factor on the divergence at the first step; 1 is the bound throughout.
    """

    def __init__(self, pixels: Pixels, start: float) -> None:
        super().__init__(pixels)
        self.start = start

    def forward(self, coded: Coded) -> Mapping[str, Tensor]:
        """As of ``Objective``."""
        weight: float = self.start ** max(0.0, 1 - coded.progress / _DEAR_SHARE)
        terms = super().forward(coded)
        return {**terms, "kl": weight * terms["kl"]}


class PenalisedError(Objective):
    """Summed squared error and ``weight · ½ ‖z‖²`` (Ghosh et al. 2020, equations 9 and 11).

    Args:
        weight: Of the codes' squared length.
    """

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, coded: Coded) -> Mapping[str, Tensor]:
        """As of ``Objective``."""
        lengths = 0.5 * coded.z.square().sum(1).mean()
        return {"reconstruction": squared_error(coded), "embedding": self.weight * lengths}


class MatchedAggregate(Objective):
    """Summed squared error and ``weight · MMD`` of the codes from N(0, I) (Tolstikhin et al. 2018).

    Args:
        weight: λ.
    """

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, coded: Coded) -> Mapping[str, Tensor]:
        """As of ``Objective``."""
        discrepancy = multiquadratic_mmd(coded.z, torch.randn_like(coded.z))
        return {"reconstruction": squared_error(coded), "mmd": self.weight * discrepancy}


def squared_error(coded: Coded) -> Tensor:
    """``‖x − x̂‖²``, summed over pixels and averaged over images."""
    errors = (torch.sigmoid(coded.logits) - coded.images).square()
    return errors.flatten(1).sum(1).mean()
