"""Knees of curves whose knee is known."""

from __future__ import annotations

import numpy as np
import pytest
from regene_bench_plugins.figures.knees import bootstrapped_knee, knee_draws, knee_of

PLACES = [0, 1, 2, 4, 8, 16, 32, 64]


def corner(at: float) -> list[float]:
    """Falls by the rank of the place until a place, and is level from there on."""
    rank = PLACES.index(at)
    return [100.0 * max(0, rank - i) / rank for i in range(len(PLACES))]


@pytest.mark.parametrize("at", [2, 4, 8, 16])
def test_a_corner_is_its_own_knee(at: float) -> None:
    assert knee_of(PLACES, corner(at)) == at


def test_a_straight_line_and_two_points_have_none() -> None:
    assert knee_of(PLACES, [float(8 - i) for i in range(8)]) is None
    assert knee_of([0, 1], [1.0, 0.0]) is None


def test_seeds_that_agree_give_an_interval_of_no_width() -> None:
    scores = {place: [value] * 3 for place, value in zip(PLACES, corner(8), strict=True)}
    knee = bootstrapped_knee(scores, seed=0)
    assert (knee.place, knee.interval, knee.found) == (8, (8, 8), 1.0)


def test_seeds_that_disagree_give_an_interval_that_holds_the_knee() -> None:
    noise = np.random.default_rng(0).normal(0, 8, (len(PLACES), 4))
    values = np.array(corner(8))[:, None] + noise
    knee = bootstrapped_knee({p: list(v) for p, v in zip(PLACES, values, strict=True)}, seed=0)
    assert knee.place is not None
    assert knee.interval is not None
    low, high = knee.interval
    assert low <= knee.place <= high
    assert low < high


def test_one_seed_has_a_knee_without_an_interval() -> None:
    scores = {place: [value] for place, value in zip(PLACES, corner(4), strict=True)}
    knee = bootstrapped_knee(scores, seed=0)
    assert (knee.place, knee.interval) == (4, None)
    assert knee_draws(scores, seed=0) is None


def test_the_same_seed_draws_the_same() -> None:
    scores = {
        place: [value, value + 9, value - 5] for place, value in zip(PLACES, corner(8), strict=True)
    }
    first, second = knee_draws(scores, seed=3), knee_draws(scores, seed=3)
    assert first is not None
    assert second is not None
    assert np.array_equal(first, second, equal_nan=True)
