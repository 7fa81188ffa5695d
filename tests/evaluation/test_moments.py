"""Means and covariances, merged chunk by chunk, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from regene_bench.base.errors import MethodError
from regene_bench.evaluation.moments import Moments, merge, moments_of, without


@pytest.mark.parametrize("chunk", [1, 7, 256, 4096])
def test_a_mean_500_times_the_spread_costs_no_digits(chunk: int) -> None:
    features = np.random.default_rng(0).standard_normal((3000, 6)) + 500
    moments = moments_of(torch.from_numpy(features), chunk)
    np.testing.assert_allclose(moments.mean.numpy(), features.mean(0), rtol=1e-14)
    # the reference is centred first, which is what makes it exact
    centred = features - features.mean(0)
    expected = centred.T @ centred / (len(features) - 1)
    error = np.abs(moments.covariance.numpy() - expected).max() / np.abs(expected).max()
    assert error < 1e-12


def test_float32_features_are_summed_in_float64() -> None:
    features = np.random.default_rng(1).standard_normal((5000, 4)).astype(np.float32) + 500
    moments = moments_of(torch.from_numpy(features), 64)
    assert moments.mean.dtype == moments.covariance.dtype == torch.float64
    expected = np.cov(features.astype(np.float64), rowvar=False)
    np.testing.assert_allclose(moments.covariance.numpy(), expected, rtol=1e-9, atol=1e-9)


def test_the_chunks_do_not_matter() -> None:
    features = torch.from_numpy(np.random.default_rng(2).standard_normal((101, 5)) * 3 + 10)
    whole = moments_of(features, 101)
    assert whole.n == 101
    for chunk in (1, 2, 50, 100):
        parts = moments_of(features, chunk)
        assert parts.n == 101
        torch.testing.assert_close(parts.mean, whole.mean, rtol=1e-13, atol=0)
        torch.testing.assert_close(parts.scatter, whole.scatter, rtol=1e-11, atol=1e-11)


def test_covariance_is_unbiased() -> None:
    moments = moments_of(torch.tensor([[0.0], [2.0], [4.0]]))
    assert moments.covariance.tolist() == [[4.0]]


def test_sets_of_unequal_size_merge_by_weight() -> None:
    def constant(n: int, value: float) -> Moments:
        return moments_of(torch.full((n, 1), value))

    merged = merge([constant(2, 0.0), constant(6, 4.0)])
    assert (merged.n, merged.mean.tolist()) == (8, [3.0])
    # 2 samples 3 below and 6 samples 1 above the mean
    assert merged.scatter.tolist() == [[24.0]]


def test_merging_nothing_is_an_error() -> None:
    with pytest.raises(MethodError, match="no moments"):
        merge([])


@pytest.mark.parametrize("taken", [1, 40, 99])
def test_taking_a_subset_away_leaves_the_moments_of_the_rest(taken: int) -> None:
    features = torch.from_numpy(np.random.default_rng(3).standard_normal((101, 5)) + 500)
    rest = without(moments_of(features), merge([moments_of_one(f) for f in features[:taken]]))
    expected = moments_of(features[taken:])
    assert rest.n == expected.n == 101 - taken
    torch.testing.assert_close(rest.mean, expected.mean, rtol=1e-13, atol=0)
    torch.testing.assert_close(rest.scatter, expected.scatter, rtol=1e-9, atol=1e-9)


def moments_of_one(sample: torch.Tensor) -> Moments:
    return Moments(1, sample, torch.zeros(len(sample), len(sample), dtype=torch.float64))


def test_nothing_is_left_of_a_set_without_itself() -> None:
    moments = moments_of(torch.zeros(3, 2))
    with pytest.raises(MethodError, match="3 of 3 samples cannot be taken away"):
        without(moments, moments)
