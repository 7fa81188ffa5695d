"""Where a falling curve flattens, whether it does, and how sure that is over seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from kneed import KneeLocator

from regene_bench_plugins.figures.curve_shape import (
    Scores,
    bend_of,
    chance_without_a_bend,
    chance_without_a_fall,
)

DRAWS = 1000
LEVEL = 0.05
"""Chance up to which a fall and a bend are believed."""
FEWEST = 4
"""Places that a curve needs: Kneedle finds no knee in three."""
_LOW, _HIGH = 2.5, 97.5


@dataclass(frozen=True)
class Knee:
    """The knee of a curve, by two estimators; none where the curve may as well be straight.

    Attributes:
        place: Abscissa of the mean curve's knee by Kneedle; ``None`` if it has none.
        interval: 95 % interval by bootstrap over seeds; ``None`` with one seed a point.
        found: Share of bootstrap curves that have a knee by Kneedle.
        bend: Where two joined straight lines fit the mean curve best.
        bend_interval: 95 % interval by the same bootstrap.
        chance_of_fall: p-value of the fall, by permutation; ``None`` where it was not asked for.
        chance_of_bend: p-value of the bend upwards.
        note: Why there is no knee.
    """

    place: float | None = None
    interval: tuple[float, float] | None = None
    found: float | None = None
    bend: float | None = None
    bend_interval: tuple[float, float] | None = None
    chance_of_fall: float | None = None
    chance_of_bend: float | None = None
    note: str = ""


def knee_of(places: Sequence[float], values: Sequence[float]) -> float | None:
    """Knee of a falling convex curve by Kneedle (Satopää et al. 2011), sensitivity 1.

    The abscissa is ranked first: Kneedle looks at distances along it, and dimensions are tried
    closer together where they are few. Kneedle does not look whether the curve falls: ask
    :func:`knee_over_seeds`.

    Args:
        places: Abscissae, ascending.
        values: Ordinates, as many.
    """
    if len(places) < FEWEST:
        return None
    found = KneeLocator(
        np.arange(len(places)), np.asarray(values), curve="convex", direction="decreasing"
    ).knee
    return None if found is None else float(places[int(found)])


def knee_over_seeds(scores: Scores, seed: int) -> Knee:
    """Knee of the mean curve if it falls, and bends upwards, by more than its noise.

    Both are tested by permutation at a level of 5 %, and both must hold: a curve without a fall, or
    without a bend, is given a knee in at most 5 % of studies. That holds of noise that is alike at
    all places: of a place whose scores scatter ten times as much, in up to a third, since from a
    few seeds nothing can tell its luck from a fall.

    At each place as many scores as there are seeds are drawn with repetition, independently of
    the other places, since models of different places are trained independently.

    Args:
        scores: By place, one score a seed.
        seed: Of the draws and permutations.
    """
    if len(scores) < FEWEST:
        return Knee(note=f"needs {FEWEST} places, has {len(scores)}")
    fall, bend = chance_without_a_fall(scores, seed), chance_without_a_bend(scores, seed)
    if fall > LEVEL or bend > LEVEL:
        what = "fall" if fall > LEVEL else "bend upwards"
        note = f"does not {what} by more than its noise"
        return Knee(chance_of_fall=fall, chance_of_bend=bend, note=note)
    places = sorted(scores)
    means = [float(np.mean(scores[place])) for place in places]
    knees, bends = knee_draws(scores, seed), bend_draws(scores, seed)
    known = None if knees is None else np.isfinite(knees)
    return Knee(
        place=knee_of(places, means),
        interval=interval_of(knees),
        found=None if known is None else float(known.mean()),
        bend=bend_of(places, means),
        bend_interval=interval_of(bends),
        chance_of_fall=fall,
        chance_of_bend=bend,
    )


def knee_draws(scores: Scores, seed: int) -> np.ndarray | None:
    """Knees by Kneedle of bootstrap curves, float64 ``[DRAWS]``, NaN where a curve has none.

    Returns:
        ``None`` if a place has one score only: there is nothing to draw among.
    """
    return _draws(scores, seed, knee_of)


def bend_draws(scores: Scores, seed: int) -> np.ndarray | None:
    """The same of the best bends of two joined straight lines."""
    return _draws(scores, seed, bend_of)


def interval_of(draws: np.ndarray | None) -> tuple[float, float] | None:
    """95 % interval of the draws that are numbers; ``None`` if there are none."""
    known = np.array([]) if draws is None else draws[np.isfinite(draws)]
    if not len(known):
        return None
    low, high = np.percentile(known, [_LOW, _HIGH])
    return float(low), float(high)


def _draws(
    scores: Scores, seed: int, place_of: Callable[[Sequence[float], Sequence[float]], float | None]
) -> np.ndarray | None:
    places = sorted(scores)
    if any(len(scores[place]) < 2 for place in places):
        return None
    generator = np.random.default_rng(seed)
    curves = np.stack(
        [
            generator.choice(np.asarray(scores[place]), (DRAWS, len(scores[place]))).mean(1)
            for place in places
        ],
        axis=1,
    )
    found = [place_of(places, curve) for curve in curves]
    return np.array([np.nan if place is None else place for place in found])
