"""Quantiles of Student's t are SciPy's."""

from __future__ import annotations

import pytest
from scipy.special import stdtrit

from regene_bench.leaderboard.student import quantile


@pytest.mark.parametrize("confidence", [0.01, 0.5, 0.95])
def test_quantiles_are_those_of_scipy(confidence: float) -> None:
    for freedom in (*range(1, 60), 100, 999, 10_000):
        expected = float(stdtrit(freedom, (1 + confidence) / 2))
        assert quantile(freedom, confidence) == pytest.approx(expected, rel=1e-12)
