"""Mean and covariance in float64, merged chunk by chunk.

Chan, Golub and LeVeque's pairwise update (1979): stable where sums of squares lose all digits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from regene_bench.base.errors import MethodError, TooFewImagesError
from regene_bench.evaluation.finite import all_finite
from regene_bench.evaluation.symmetric import gram

# Samples looked at together: the check of a whole set would hold another one of its size.
_PIECE = 1024


@dataclass(frozen=True)
class Moments:
    """First two moments of a feature set.

    Attributes:
        n: Number of samples.
        mean: float64 ``[D]``.
        scatter: float64 ``[D, D]``, the sum of outer products of centred samples.
    """

    n: int
    mean: Tensor
    scatter: Tensor

    @property
    def covariance(self) -> Tensor:
        """Unbiased covariance (ddof = 1), float64 ``[D, D]``."""
        return self.scatter / (self.n - 1)


def moments_of(features: Tensor, chunk: int = 4096) -> Moments:
    """Compute the moments of ``[N, D]`` features.

    Raises:
        MethodError: Not a matrix, fewer than two samples, or values that are not finite.
    """
    check_features(features)
    return merge(_chunk_moments(part) for part in torch.split(features, chunk))


def check_features(features: Tensor, name: str = "features") -> None:
    """Refuse what no distance can be computed from.

    Raises:
        MethodError: Not a matrix, fewer than two samples, or values that are not finite.
    """
    if features.ndim != 2:
        raise MethodError(f"{name} must be [N, D], not {list(features.shape)}.")
    if len(features) < 2:
        raise TooFewImagesError(f"{name} need at least 2 samples, not {len(features)}.")
    bad = sum(_not_finite(part) for part in torch.split(features, _PIECE))
    if bad:
        raise MethodError(f"{name} are not finite in {bad} of {len(features)} samples.")


def _not_finite(features: Tensor) -> int:
    if all_finite(features):
        return 0
    return int((~torch.isfinite(features)).any(dim=1).sum())


def merge(parts: Iterable[Moments]) -> Moments:
    """Moments of the union of sets that share no sample, from the moments of each.

    Raises:
        MethodError: There are no sets.
    """
    total: Moments | None = None
    for part in parts:
        total = part if total is None else _merge_two(total, part)
    if total is None:
        raise MethodError("There are no moments to merge.")
    return total


def without(total: Moments, part: Moments) -> Moments:
    """The moments of a set without one of its subsets: the inverse of ``merge``.

    Raises:
        MethodError: Nothing would be left.
    """
    n = total.n - part.n
    if n < 1:
        raise MethodError(f"{part.n} of {total.n} samples cannot be taken away.")
    mean = total.mean + (total.mean - part.mean) * (part.n / n)
    delta = part.mean - mean
    scatter = total.scatter - part.scatter - torch.outer(delta, delta) * (n * part.n / total.n)
    return Moments(n, mean, scatter)


def _chunk_moments(features: Tensor) -> Moments:
    values = features.to(torch.float64, copy=True)
    mean = values.mean(dim=0)
    return Moments(len(values), mean, gram(values.sub_(mean)))


def _merge_two(a: Moments, b: Moments) -> Moments:
    n = a.n + b.n
    delta = b.mean - a.mean
    mean = a.mean + delta * (b.n / n)
    scatter = (a.scatter + b.scatter).add_(torch.outer(delta, delta), alpha=a.n * b.n / n)
    return Moments(n, mean, scatter)
