"""Kendall's tau between the rankings of metrics: closed forms, SciPy's, and what may not matter."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from regene_bench.leaderboard.aggregate import Statistic
from regene_bench.leaderboard.rank_agreement import (
    FEWEST,
    MOST_WITH_INTERVAL,
    Agreement,
    DirectedMetric,
    Disagreement,
    RankedLine,
    disagreements,
    rank_agreement,
    tau_b,
    weighted_tau_b,
)

LOWER = DirectedMetric("fd", "lower")
HIGHER = DirectedMetric("accuracy", "higher")


def cell(*values: float) -> Statistic:
    return Statistic(float(np.mean(values)), None, None, len(values), tuple(enumerate(values)))


def lines_of(*columns: list[float | None]) -> list[RankedLine]:
    """Lines of one seed, a column a metric."""
    return [
        RankedLine(f"line {i}", tuple(None if value is None else cell(value) for value in row))
        for i, row in enumerate(zip(*columns, strict=True))
    ]


def only(found: list[Agreement]) -> Agreement:
    (one,) = found
    return one


def test_one_order_is_one_and_the_reverse_is_minus_one() -> None:
    up, down = [float(i) for i in range(6)], [float(-i) for i in range(6)]
    same = only(rank_agreement(lines_of(up, up), [LOWER, LOWER]))
    assert (same.tau, same.low, same.high, same.n) == pytest.approx((1.0, 1.0, 1.0, 6))
    reverse = only(rank_agreement(lines_of(up, down), [LOWER, LOWER]))
    assert (reverse.tau, reverse.low, reverse.high) == pytest.approx((-1.0, -1.0, -1.0))


def test_each_metric_is_read_in_its_own_direction() -> None:
    distances, shares = [1.0, 2.0, 3.0, 4.0], [0.9, 0.8, 0.7, 0.6]
    assert only(rank_agreement(lines_of(distances, shares), [LOWER, HIGHER])).tau == pytest.approx(
        1.0
    )
    # nearest to 0.75 are the middle two: by hand one pair is concordant, one discordant, of the
    # other four two and two, and two are tied
    nearness = DirectedMetric("score", "reference", reference=0.75)
    found = only(rank_agreement(lines_of(distances, shares), [LOWER, nearness]))
    keys = [abs(share - 0.75) for share in shares]
    assert found.tau == pytest.approx(kendalltau(distances, keys).statistic)


def test_ties_by_hand() -> None:
    # of 6 pairs one is tied by the first and one by the second; 4 agree: 4 / sqrt(5 * 5)
    first, second = [1.0, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 3.0]
    assert only(rank_agreement(lines_of(first, second), [LOWER, LOWER])).tau == pytest.approx(0.8)


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 3)), min_size=2, max_size=12
    )
)
def test_the_fast_form_is_scipys_of_lines_repeated(rows: list[tuple[int, int, int]]) -> None:
    keys = np.array([[row[:2] for row in rows]], np.float64)
    times = np.array([[row[2] for row in rows]])
    repeated = np.repeat(keys[0], times[0], axis=0)
    expected = kendalltau(repeated[:, 0], repeated[:, 1]).statistic if len(repeated) > 1 else np.nan
    assert weighted_tau_b(keys, times)[0, 0, 1] == pytest.approx(expected, nan_ok=True)
    assert weighted_tau_b(keys, times)[0, 1, 0] == pytest.approx(expected, nan_ok=True)


def test_the_fast_form_leaves_out_what_was_not_measured() -> None:
    draw = np.random.default_rng(0)
    keys = draw.normal(size=(1, 9, 3))
    keys[0, 2, 0] = keys[0, 5, 1] = math.nan
    found = weighted_tau_b(keys, np.ones((1, 9), np.int64))[0]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        both = ~np.isnan(keys[0, :, i]) & ~np.isnan(keys[0, :, j])
        expected = kendalltau(keys[0, both, i], keys[0, both, j]).statistic
        assert found[i, j] == pytest.approx(expected)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 8, 9])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_the_fast_form_is_the_definition_of_every_number_of_lines(n: int, missing: float) -> None:
    rng = np.random.default_rng(n)
    keys = rng.integers(0, 5, (4, n, 3)).astype(float)
    keys[rng.random(keys.shape) < missing] = np.nan
    times = rng.integers(0, 3, (4, n))
    expected = np.full((4, 3, 3), np.nan)
    for draw, i, j in np.ndindex(4, 3, 3):
        order = [np.sign(k[:, None] - k) for k in (keys[draw, :, i], keys[draw, :, j])]
        weight = np.where(np.isnan(order[0] + order[1]), 0, times[draw][:, None] * times[draw]) / 2
        one, other = (np.nan_to_num(signs) for signs in order)
        untied = (weight * one**2).sum() * (weight * other**2).sum()
        if untied > 0:
            expected[draw, i, j] = (weight * one * other).sum() / untied**0.5
    found = weighted_tau_b(keys, times)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_the_order_of_lines_changes_nothing() -> None:
    draw = np.random.default_rng(1)
    lines = [
        RankedLine(f"line {i}", (cell(*draw.normal(i, 2, 3)), cell(*draw.normal(i, 2, 2))))
        for i in range(12)
    ]
    expected = rank_agreement(lines, [LOWER, LOWER])
    assert expected[0].low is not None
    for seed in range(3):
        shuffled = random.Random(seed).sample(lines, len(lines))
        assert rank_agreement(shuffled, [LOWER, LOWER]) == expected


def test_a_constant_metric_has_no_tau_and_says_so() -> None:
    found = only(rank_agreement(lines_of([1.0, 2.0, 3.0, 4.0], [0.5] * 4), [LOWER, HIGHER]))
    assert (found.tau, found.low, found.high) == (None, None, None)
    assert found.reason == "accuracy is the same for all 4 lines"


def test_too_few_lines_have_no_tau_and_say_so() -> None:
    found = only(rank_agreement(lines_of([1.0, 2.0, 3.0, None], [1.0, 2.0, 3.0, 4.0]), [LOWER] * 2))
    assert (found.tau, found.n) == (None, FEWEST - 1)
    assert found.reason == "fewer than 4 lines have both"
    assert rank_agreement([], [LOWER, HIGHER])[0].n == 0


def test_the_interval_is_that_of_lines_drawn_anew() -> None:
    """SciPy's tau of resamples that numpy draws, of lines without seeds to draw."""
    draw = np.random.default_rng(2)
    first = draw.normal(size=30)
    second = first + draw.normal(size=30)
    found = only(rank_agreement(lines_of(list(first), list(second)), [LOWER, LOWER]))
    taus = []
    for _ in range(300):
        chosen = draw.integers(0, 30, 30)
        taus.append(kendalltau(first[chosen], second[chosen]).statistic)
    assert found.tau == pytest.approx(kendalltau(first, second).statistic)
    # the ends of three hundred resamples have a standard error of about 0.015
    assert (found.low, found.high) == pytest.approx(
        tuple(np.quantile(taus, [0.025, 0.975])), abs=0.05
    )


def test_seeds_widen_the_interval() -> None:
    values = [float(i) for i in range(20)]
    sharp = [RankedLine(f"{i:02}", (cell(v, v), cell(v, v))) for i, v in enumerate(values)]
    vague = [
        RankedLine(f"{i:02}", (cell(v - 5, v + 5), cell(v - 5, v + 5) if i % 2 else cell(v, v)))
        for i, v in enumerate(values)
    ]
    narrow = only(rank_agreement(sharp, [LOWER, LOWER]))
    wide = only(rank_agreement(vague, [LOWER, LOWER]))
    assert (narrow.tau, wide.tau) == pytest.approx((1.0, 1.0))
    assert (narrow.low, narrow.high) == pytest.approx((1.0, 1.0))
    assert wide.low is not None
    assert wide.low < 0.9


def test_the_interval_reaches_tau_where_seeds_bring_rankings_apart() -> None:
    """Means agree wholly, seeds hardly: every resample is below tau."""
    lines = []
    for i in range(12):
        first, second = (1000.0 * (-1) ** i, 1000.0 * (-1) ** (i // 2))
        lines.append(
            RankedLine(f"{i:02}", (cell(i - first, i + first), cell(i - second, i + second)))
        )
    found = only(rank_agreement(lines, [LOWER, LOWER]))
    assert (found.tau, found.high) == pytest.approx((1.0, 1.0))
    assert found.low is not None
    assert found.low < 0


def test_all_scores_of_a_run_are_drawn_together() -> None:
    """Two metrics that say the same of every run agree in every resample."""
    draw = np.random.default_rng(3)
    lines = []
    for i in range(10):
        values = draw.normal(0, 1, 4)
        lines.append(RankedLine(str(i), (cell(*values), cell(*(-3 * values)))))
    found = only(rank_agreement(lines, [LOWER, HIGHER]))
    assert (found.tau, found.low, found.high) == pytest.approx((1.0, 1.0, 1.0))


def test_of_very_many_lines_no_interval_is_drawn() -> None:
    values = [float(i) for i in range(MOST_WITH_INTERVAL + 1)]
    found = only(rank_agreement(lines_of(values, values), [LOWER, LOWER]))
    assert (found.tau, found.low, found.high) == (1.0, None, None)


def test_of_very_many_lines_tau_is_scipys() -> None:
    draw = np.random.default_rng(4)
    keys = draw.integers(0, 20, size=(MOST_WITH_INTERVAL + 1, 3)).astype(np.float64)
    keys[3, 0] = keys[7, 1] = math.nan
    found = tau_b(keys)
    both = ~np.isnan(keys[:, 0]) & ~np.isnan(keys[:, 1])
    assert found[0, 1] == found[1, 0] == kendalltau(keys[both, 0], keys[both, 1]).statistic
    # of a few less the other form says the same
    assert tau_b(keys[:-1])[0, 1] == pytest.approx(
        kendalltau(keys[:-1][both[:-1], 0], keys[:-1][both[:-1], 1]).statistic, abs=1e-12
    )


def test_disagreements_name_who_is_better_by_what() -> None:
    # by distance a, b, c; by accuracy b, a, c; d has no accuracy
    lines = lines_of([1.0, 2.0, 3.0, 4.0], [0.8, 0.9, 0.1, None])
    (found,) = disagreements(lines, [LOWER, HIGHER], 0, most=9)
    assert (found.metric, found.total) == (1, 1)
    assert found.pairs == (Disagreement(by_main=0, by_other=1, distance=2.0),)


def test_disagreements_far_apart_come_first_and_ties_are_none() -> None:
    lines = lines_of([1.0, 2.0, 3.0, 3.0], [9.0, 8.0, 1.0, 1.0])
    (found,) = disagreements(lines, [LOWER, LOWER], 0, most=4)
    expected = [(0, 2, 5.0), (0, 3, 5.0), (1, 2, 3.0), (1, 3, 3.0)]
    assert list(found.pairs) == [Disagreement(*pair) for pair in expected]
    assert found.total == 5


def test_a_metric_without_a_direction_takes_no_part() -> None:
    with pytest.raises(ValueError, match="images has no better direction"):
        rank_agreement(lines_of([1.0], [1.0]), [LOWER, DirectedMetric("images", "none")])
