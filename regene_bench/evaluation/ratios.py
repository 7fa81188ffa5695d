"""Shares of samples with their uncertainty, and the numbers of trials that they mean."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from regene_bench.base.errors import MethodError

# The standard normal distribution's 97.5 % quantile. Wilson's interval is written out here, because
# scipy.stats takes a second to import and rounds its last bit otherwise than rows already on disk.
_Z = 1.959963984540054


@dataclass(frozen=True)
class Share:
    """A share of independent samples.

    Attributes:
        hits: How many samples have the property.
        n: How many there are.
    """

    hits: int
    n: int

    @property
    def value(self) -> float:
        """The share itself, in [0, 1]."""
        return self.hits / self.n

    @property
    def standard_error(self) -> float:
        """Binomial standard error √(p(1 − p)/n); 0 where all or none have the property."""
        return math.sqrt(self.value * (1 - self.value) / self.n)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval by Wilson's score (1927).

        It stays inside [0, 1] and keeps its width where p is near 0 or 1, as accuracies are.
        """
        p, n, z2 = self.value, self.n, _Z * _Z
        centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = _Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
        return max(0.0, centre - half), min(1.0, centre + half)


def share(flags: Tensor) -> Share:
    """Count the true values among flags, bool ``[N]``.

    Raises:
        MethodError: There are none to count.
    """
    if not len(flags):
        raise MethodError("There is no share of no samples.", hint="Give one sample or more.")
    return Share(int(flags.sum()), len(flags))


@dataclass(frozen=True)
class TrialEstimate:
    """How many samples must be drawn until a wanted number is accepted.

    Attributes:
        expected: Their expected number.
        standard_error: Of that estimate.
    """

    expected: float
    standard_error: float


def expected_trials(wanted: int, accepted: Share) -> TrialEstimate | None:
    """Estimate the trials until ``wanted`` samples are accepted: ``wanted / p``.

    That is the mean of the negative binomial distribution for the accepted share p. The error is
    that of p carried through 1/p to first order. The estimate itself is biased upwards by about
    ``(1 - p) / (p n)`` of its value (the second order), so it wants n well above 1/p.

    Returns:
        ``None`` if nothing was accepted: then there is no finite estimate.
    """
    if not accepted.hits:
        return None
    expected = wanted / accepted.value
    return TrialEstimate(expected, expected * accepted.standard_error / accepted.value)
