"""Vendi scores: the effective number of different samples, by an entropy of eigenvalues.

Friedman and Dieng, "The Vendi Score" (2023), and Pasarkar and Dieng, "Cousins of the Vendi Score"
(2024) for other orders: with the eigenvalues λ of the cosine similarities over N, which are
positive and sum to 1, the score of order q is the Hill number (Σ λ^q)^(1 / (1 − q)), whose limits
are exp(−Σ λ log λ) at 1 and 1 / max λ at infinity. N samples at right angles score N at every
order, and N copies of one score 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from regene_bench.evaluation.moments import check_features
from regene_bench.evaluation.symmetric import eigenvalues, gram


def vendi_scores(features: Tensor, orders: Sequence[float] = (1.0,)) -> list[float]:
    """Compute the Vendi scores of features ``[N, D]`` under cosine similarity.

    Gram matrix and eigenvalues are float64, of the smaller of ``[N, N]`` and ``[D, D]``, which have
    the same eigenvalues but for zeros: time is cubic in the smaller of N and D. What rounding
    leaves of a zero counts as zero: at orders below 1 it would count as samples. Samples whose
    features are all zero, which have no direction, are alike, and unlike all others.

    Args:
        features: ``[N, D]``; only their directions matter.
        orders: Each from 0 (how many dimensions there are) to infinity (how much there is beside
            the largest). Rare samples count the more, the lower the order.

    Returns:
        A score for each order, between 1 and the smaller of N and D.

    Raises:
        MethodError: Not a matrix, fewer than two samples, or values that are not finite.
        ValueError: An order is negative.
    """
    check_features(features)
    if any(not order >= 0 for order in orders):
        raise ValueError(f"orders are 0 or larger, not {list(orders)}")
    shares = _eigenvalues(features)
    return [_hill_number(shares, order) for order in orders]


def _eigenvalues(features: Tensor) -> Tensor:
    exact = features.double()
    lengths = exact.norm(dim=1, keepdim=True)
    none = (lengths == 0).double()
    directions = torch.cat([exact / (lengths + none), none], dim=1)
    n, dimension = directions.shape
    values = eigenvalues(gram(directions if dimension < n else directions.T) / n)
    # a bound of what rounding makes of a zero, as for the rank of a matrix
    rounding = values[-1] * max(n, dimension) * torch.finfo(torch.float64).eps
    values = values[values > rounding]
    shares: Tensor = values / values.sum()
    return shares


def _hill_number(shares: Tensor, order: float) -> float:
    if order == 1:
        return math.exp(float(-(shares * shares.log()).sum()))
    if math.isinf(order):
        return 1 / float(shares.max())
    total = float((shares**order).sum())
    return math.exp(math.log(total) / (1 - order))
