"""Means over seeds that are drawn anew vary as much as means of so few seeds do."""

from __future__ import annotations

import numpy as np
import pytest

from regene_bench.leaderboard.aggregate import Statistic
from regene_bench.leaderboard.seed_draws import drawn_means, seed_values


def cell(**by_seed: float) -> Statistic:
    pairs = tuple((int(name[1:]), value) for name, value in by_seed.items())
    return Statistic(float(np.mean([v for _, v in pairs])), None, None, len(pairs), pairs)


def test_values_are_laid_out_by_seed() -> None:
    values, seeds = seed_values([(cell(s3=1.0, s5=2.0), cell(s5=9.0)), (cell(s0=4.0), None)])
    assert seeds.tolist() == [2, 1]
    nan = np.nan
    expected = [[[1.0, nan], [2.0, 9.0]], [[4.0, nan], [nan, nan]]]
    np.testing.assert_array_equal(values, expected)


def test_a_statistic_without_seeds_has_its_mean() -> None:
    values, seeds = seed_values([(Statistic(3.0, 1.0, 2.0, 5),)])
    assert (values.tolist(), seeds.tolist()) == ([[[3.0]]], [1])


@pytest.mark.parametrize("own", [[0.0, 1.0], [0.0, 1.0, 5.0], [3.0, 4.0, 8.0, 9.0, 9.5]])
def test_drawn_means_have_the_variance_of_a_mean(own: list[float]) -> None:
    values = np.array(own)[None, :, None]
    means = drawn_means(values, np.array([len(own)]), 40_000, np.random.default_rng(0))
    assert means.mean() == pytest.approx(np.mean(own), abs=0.05)
    assert means.var() == pytest.approx(np.var(own, ddof=1) / len(own), rel=0.05)


def test_two_seeds_are_one_or_the_other_in_all_columns_at_once() -> None:
    values = np.array([[[1.0, 10.0], [2.0, 20.0]]])
    means = drawn_means(values, np.array([2]), 1000, np.random.default_rng(0))
    assert {tuple(row) for row in means[:, 0].tolist()} == {(1.0, 10.0), (2.0, 20.0)}


def test_a_single_seed_stays_beside_lines_of_several() -> None:
    values = np.array([[[7.0], [np.nan], [np.nan]], [[1.0], [2.0], [3.0]]])
    means = drawn_means(values, np.array([1, 3]), 200, np.random.default_rng(0))
    assert set(means[:, 0, 0].tolist()) == {7.0}
    assert set(means[:, 1, 0].tolist()) == {1.0, 1.5, 2.0, 2.5, 3.0}


def test_what_was_not_measured_in_a_drawn_seed_is_left_out() -> None:
    values = np.array([[[1.0], [np.nan]]])
    means = drawn_means(values, np.array([2]), 200, np.random.default_rng(0))[:, 0, 0]
    assert set(means[~np.isnan(means)].tolist()) == {1.0}
    assert 0 < np.isnan(means).sum() < 200
