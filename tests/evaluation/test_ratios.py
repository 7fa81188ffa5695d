"""Shares, their intervals and the trials that they mean."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import binomtest, nbinom

from regene_bench.base.errors import MethodError
from regene_bench.evaluation.ratios import Share, expected_trials, share


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (7, 7), (1, 2), (1827, 2000), (999, 1000)])
def test_the_interval_is_scipys_wilson_interval(hits: int, n: int) -> None:
    expected = binomtest(hits, n).proportion_ci(method="wilson")
    assert Share(hits, n).interval == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_a_share_of_flags() -> None:
    found = share(torch.tensor([True, False, True, True]))
    assert found == Share(3, 4)
    assert found.value == 0.75
    assert found.standard_error == pytest.approx((0.75 * 0.25 / 4) ** 0.5)


def test_no_flags_have_no_share() -> None:
    with pytest.raises(MethodError, match="no share of no samples"):
        share(torch.zeros(0, dtype=torch.bool))


def test_trials_are_those_of_the_negative_binomial_distribution() -> None:
    # scipy counts failures before the 500th success, trials count the successes too.
    found = expected_trials(500, Share(400, 1000))
    assert found is not None
    assert found.expected == pytest.approx(nbinom.mean(500, 0.4) + 500)


def test_a_perfect_generator_needs_no_trial_more_than_wanted() -> None:
    found = expected_trials(500, Share(20, 20))
    assert found is not None
    assert (found.expected, found.standard_error) == (500.0, 0.0)


def test_the_error_of_trials_is_their_spread_over_repeated_measurements() -> None:
    hits = torch.distributions.Binomial(2000, torch.tensor(0.3))
    torch.manual_seed(0)
    draws = [Share(int(h), 2000) for h in hits.sample((3000,))]
    estimates = [found.expected for d in draws if (found := expected_trials(100, d))]
    found = expected_trials(100, Share(600, 2000))
    assert found is not None
    spread = float(torch.tensor(estimates).std())
    assert found.standard_error == pytest.approx(spread, rel=0.05)


def test_without_any_accepted_there_is_no_estimate() -> None:
    assert expected_trials(500, Share(0, 1000)) is None
