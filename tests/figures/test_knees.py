"""Knees of curves whose knee is known, and none of curves that have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from regene_bench_plugins.figures import curve_shape
from regene_bench_plugins.figures.curve_shape import bend_of, chance_without_a_fall, falling_fit
from regene_bench_plugins.figures.knees import LEVEL, knee_draws, knee_of, knee_over_seeds
from scipy.optimize import isotonic_regression

PLACES = [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]
STUDIES = 60
NO_FALL = {"level": [0.0] * 8, "rising": [float(i) for i in range(8)]}
NO_BEND = {"straight": [-2.0 * i for i in range(8)], "concave": [-0.5 * i * i for i in range(8)]}


def corner(at: float) -> list[float]:
    """Falls by the rank of the place until a place, and is level from there on."""
    rank = PLACES.index(at)
    return [100.0 * max(0, rank - i) / rank for i in range(len(PLACES))]


def study(
    curve: Sequence[float], seeds: int, number: int, noise: float = 1.0
) -> Mapping[float, Sequence[float]]:
    """Scores around a curve with normal noise; studies of different numbers are independent."""
    generator = np.random.default_rng(number)
    return {
        place: (value + generator.normal(0, noise, seeds)).tolist()
        for place, value in zip(PLACES, curve, strict=True)
    }


@pytest.mark.parametrize("at", [2, 4, 8, 16])
def test_a_corner_is_its_own_knee_and_its_own_bend(at: float) -> None:
    assert knee_of(PLACES, corner(at)) == at
    assert bend_of(PLACES, corner(at)) == at


def test_a_straight_line_and_three_points_have_none() -> None:
    assert knee_of(PLACES, [float(8 - i) for i in range(8)]) is None
    assert knee_of([0, 1, 2], [1.0, 0.0, 0.0]) is None
    knee = knee_over_seeds({0: [1.0], 1: [0.0], 2: [0.0]}, seed=0)
    assert (knee.place, knee.bend, knee.note) == (None, None, "needs 4 places, has 3")


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("name", [*NO_FALL, *NO_BEND])
def test_a_curve_without_a_knee_is_given_one_in_at_most_five_percent_of_studies(
    name: str, seeds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight of 60 are as many as chance gives at a rate of 5 % in one of 350 such tests."""
    monkeypatch.setattr(curve_shape, "PERMUTATIONS", 199)
    curve = (NO_FALL | NO_BEND)[name]
    knees = [knee_over_seeds(study(curve, seeds, i), i) for i in range(STUDIES)]
    assert sum(knee.place is not None or knee.bend is not None for knee in knees) <= 8
    chances = [k.chance_of_fall if name in NO_FALL else k.chance_of_bend for k in knees]
    assert sum(chance is not None and chance <= LEVEL for chance in chances) <= 8
    assert {k.note for k in knees} <= {
        "",
        "does not fall by more than its noise",
        "does not bend upwards by more than its noise",
    }


def test_noise_alone_falls_in_five_of_a_hundred_studies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 600, by permutations at exactly that level: 14 to 46 are within three deviations."""
    monkeypatch.setattr(curve_shape, "PERMUTATIONS", 39)
    chances = [chance_without_a_fall(study([0.0] * 8, 1, 1000 + i), i) for i in range(600)]
    assert 14 <= sum(chance <= LEVEL for chance in chances) <= 46


def test_a_curve_that_falls_and_bends_is_believed_at_one_seed_and_more() -> None:
    """Noise of a twentieth of the fall, and of a tenth."""
    for seeds, noise in ((1, 5.0), (3, 10.0)):
        knees = [knee_over_seeds(study(corner(8), seeds, i, noise), i) for i in range(4)]
        found = [knee.place for knee in knees]
        assert found.count(None) == 0
        assert set(found) <= {4.0, 8.0, 16.0}
        assert {knee.bend for knee in knees} <= {4.0, 8.0, 16.0}


def test_a_rising_curve_has_a_knee_by_kneedle_alone() -> None:
    """Why there are tests: Kneedle answers for whatever it is given."""
    rising = [float(i * i) for i in range(8)]
    assert knee_of(PLACES, rising) is not None
    knee = knee_over_seeds({p: [v, v + 0.1] for p, v in zip(PLACES, rising, strict=True)}, seed=0)
    assert (knee.place, knee.interval, knee.found) == (None, None, None)
    assert knee.note == "does not fall by more than its noise"


def test_falling_fits_are_those_of_scipy() -> None:
    generator = np.random.default_rng(0)
    means, counts = generator.normal(size=(20, 9)), generator.integers(1, 5, 9).astype(float)
    ours = falling_fit(means * counts, counts)
    theirs = [isotonic_regression(y, weights=counts, increasing=False).x for y in means]
    np.testing.assert_allclose(ours, np.stack(theirs), atol=1e-12)


def test_seeds_that_agree_give_an_interval_of_no_width() -> None:
    scores = {place: [value] * 3 for place, value in zip(PLACES, corner(8), strict=True)}
    knee = knee_over_seeds(scores, seed=0)
    assert (knee.place, knee.interval, knee.found) == (8, (8, 8), 1.0)
    assert (knee.bend, knee.bend_interval) == (8, (8, 8))


def test_seeds_that_disagree_give_an_interval_that_holds_the_knee() -> None:
    knee = knee_over_seeds(study(corner(8), 4, number=0, noise=8.0), seed=0)
    assert knee.place is not None
    assert knee.interval is not None
    low, high = knee.interval
    assert low <= knee.place <= high
    assert low < high


def test_one_seed_has_a_knee_without_an_interval() -> None:
    scores = {place: [value] for place, value in zip(PLACES, corner(4), strict=True)}
    knee = knee_over_seeds(scores, seed=0)
    assert (knee.place, knee.interval) == (4, None)
    assert (knee.bend, knee.bend_interval) == (4, None)
    assert knee_draws(scores, seed=0) is None


def test_the_same_seed_draws_the_same() -> None:
    scores = study(corner(8), 3, number=1, noise=5.0)
    assert knee_over_seeds(scores, seed=3) == knee_over_seeds(scores, seed=3)
    first, second = knee_draws(scores, seed=3), knee_draws(scores, seed=3)
    assert first is not None
    assert second is not None
    assert np.array_equal(first, second, equal_nan=True)
