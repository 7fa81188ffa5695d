"""Quantiles of Student's t distribution, without SciPy, whose import takes longer than a board."""

from __future__ import annotations

import math
from functools import cache


@cache
def quantile(freedom: int, confidence: float) -> float:
    """Give the t below which ``|T|`` stays with some probability.

    Args:
        freedom: Degrees of freedom, at least 1.
        confidence: The probability, in (0, 1).
    """
    # Newton's method on the distribution function, which is concave: from the left it never
    # overshoots, and ends where rounding does
    t = 0.0
    for _ in range(200):
        step = (confidence - _probability(t, freedom)) / (2 * _density(t, freedom))
        t += step
        if abs(step) <= 1e-15 * t:
            break
    return t


def _probability(t: float, freedom: int) -> float:
    """P(|T| < t), by the finite sums of Abramowitz and Stegun (1964), 26.7.3 and 26.7.4."""
    angle = math.atan2(t, math.sqrt(freedom))
    sine, square = math.sin(angle), freedom / (freedom + t * t)
    odd = freedom % 2
    term, terms = (math.sqrt(square), []) if odd else (1.0, [])
    for power in range(odd, freedom - 1, 2):
        terms.append(term)
        term *= square * (power + 1) / (power + 2)
    total = sine * math.fsum(terms)
    return (angle + total) * 2 / math.pi if odd else total


def _density(t: float, freedom: int) -> float:
    constant = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)
    shape = (freedom + 1) / 2 * math.log1p(t * t / freedom)
    return math.exp(constant - shape) / math.sqrt(freedom * math.pi)
