"""How near samples lie to the training samples, and whether nearer than those to each other.

A sample is *memorised* if it is no farther from its nearest training sample than that one is from
its own nearest other training sample; otherwise it is *authentic* (Alaa et al. 2022; Stein et al.
2023 report the share of authentic samples as AuthPct). The data themselves set the scale at each
place, so there is no threshold to choose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from regene_bench.evaluation.nearest import Neighbours, nearest


@dataclass(frozen=True)
class Nearness:
    """Where samples lie among the training samples.

    Attributes:
        neighbours: The nearest training samples of each sample.
        own: float64 ``[N]``; for each sample, how far its nearest training sample is from *that
            one's* nearest other training sample.
    """

    neighbours: Neighbours
    own: Tensor

    @property
    def distance(self) -> Tensor:
        """Distance to the nearest training sample, float64 ``[N]``."""
        return self.neighbours.distances[:, 0]

    @property
    def memorised(self) -> Tensor:
        """Whether each sample is memorised, bool ``[N]``; a copy always is."""
        return self.distance <= self.own

    @classmethod
    def joined(cls, parts: Sequence[Nearness]) -> Nearness:
        """Put the results for several stretches of samples one after the other."""
        return cls(
            Neighbours(
                torch.cat([part.neighbours.distances for part in parts]),
                torch.cat([part.neighbours.indices for part in parts]),
            ),
            torch.cat([part.own for part in parts]),
        )


def nearness(samples: Tensor, training: Tensor, k: int = 1) -> Nearness:
    """Find the nearest training samples of each sample, and how near the first lies to others.

    That second distance is computed only for training samples that are somebody's nearest: at
    most ``N`` of them.

    Args:
        samples: ``[N, ...]``, images or features.
        training: ``[M, ...]``, the whole training split: in a part of it all lie farther apart.
        k: How many neighbours to keep of each sample.

    Raises:
        MethodError: Shapes do not fit, values are not finite, or there are fewer than two
            training samples, or than ``k``.
    """
    neighbours = nearest(samples, training, k)
    used, place = torch.unique(neighbours.indices[:, 0], return_inverse=True)
    own = nearest(training[used], training, exclude=used).distances[:, 0]
    return Nearness(neighbours, own[place])
