"""Where a falling curve flattens, and how sure that is over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from kneed import KneeLocator

DRAWS = 1000
_LOW, _HIGH = 2.5, 97.5


@dataclass(frozen=True)
class Knee:
    """The knee of a curve.

    Attributes:
        place: Abscissa of the mean curve's knee; ``None`` if it has none.
        interval: 95 % interval by bootstrap over seeds; ``None`` with one seed a point.
        found: Share of bootstrap curves that have a knee.
    """

    place: float | None
    interval: tuple[float, float] | None
    found: float | None


def knee_of(places: Sequence[float], values: Sequence[float]) -> float | None:
    """Knee of a falling convex curve by Kneedle (Satopää et al. 2011), sensitivity 1.

    The abscissa is ranked first: Kneedle looks at distances along it, and dimensions are tried
    closer together where they are few.

    Args:
        places: Abscissae, ascending.
        values: Ordinates, as many.
    """
    if len(places) < 3:
        return None
    found = KneeLocator(
        np.arange(len(places)), np.asarray(values), curve="convex", direction="decreasing"
    ).knee
    return None if found is None else float(places[int(found)])


def bootstrapped_knee(scores: Mapping[float, Sequence[float]], seed: int) -> Knee:
    """Knee of the mean curve, and its spread when seeds are drawn again.

    At each place as many scores as there are seeds are drawn with repetition, independently of
    the other places, since models of different places are trained independently.

    Args:
        scores: By place, one score a seed.
        seed: Of the draws.
    """
    places = sorted(scores)
    mean = knee_of(places, [float(np.mean(scores[place])) for place in places])
    knees = knee_draws(scores, seed)
    if knees is None:
        return Knee(mean, None, None)
    known = knees[np.isfinite(knees)]
    if not len(known):
        return Knee(mean, None, 0.0)
    low, high = np.percentile(known, [_LOW, _HIGH])
    return Knee(mean, (float(low), float(high)), len(known) / len(knees))


def knee_draws(scores: Mapping[float, Sequence[float]], seed: int) -> np.ndarray | None:
    """Knees of bootstrap curves, float64 ``[DRAWS]``, NaN where a curve has none.

    Returns:
        ``None`` if a place has one score only: there is nothing to draw among.
    """
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
    knees = [knee_of(places, curve) for curve in curves]
    return np.array([np.nan if knee is None else knee for knee in knees])
