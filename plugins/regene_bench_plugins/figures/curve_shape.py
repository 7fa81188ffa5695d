"""Whether a noisy curve falls, whether it bends, and where two straight lines fit it best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

PERMUTATIONS = 999
_NOTHING = 1e-12
"""Share of a curve's squares below which a rest is one of rounding."""

Scores = Mapping[float, Sequence[float]]
"""By place along the abscissa, one score a seed."""
_Array = NDArray[np.float64]


def chance_without_a_fall(scores: Scores, seed: int) -> float:
    """How often scores that have nothing to do with their places fall as these do.

    A permutation test: the statistic is the share of the scores' squares that the best
    non-increasing curve explains, and scores are dealt out to the places anew. A curve that rises
    has a share near zero.

    Args:
        scores: At two places at least.
        seed: Of the permutations.

    Returns:
        The one-sided p-value, in (0, 1].
    """
    _, values, counts = _flat(scores)
    generator = np.random.default_rng(seed)
    drawn = np.stack([generator.permutation(values) for _ in range(PERMUTATIONS)])
    found, *others = _explained_by_a_fall(np.stack([values, *drawn]), counts)
    return _chance(found, np.array(others))


def chance_without_a_bend(scores: Scores, seed: int) -> float:
    """How often noise around a straight line over the ranks of the places bends as these scores do.

    The statistic is how much of the rest of the best straight line is explained by a bend upwards
    at the best place; the rests are dealt out anew (Freedman and Lane 1983). The best place is
    sought in each permutation, so that the freedom to choose it costs what it must.

    Args:
        scores: At three places at least.
        seed: Of the permutations.

    Returns:
        The one-sided p-value, in (0, 1].
    """
    ranks, values, _ = _flat(scores)
    bends = _bends(ranks)
    rest = _without_line(ranks, values)
    if (rest**2).sum() <= _NOTHING * ((values - values.mean()) ** 2).sum():
        return 1.0
    generator = np.random.default_rng(seed)
    drawn = np.stack([generator.permutation(rest) for _ in range(PERMUTATIONS)])
    drawn = _without_line(ranks, drawn)
    return _chance(float(_bent(rest[None], bends)[0]), _bent(drawn, bends))


def bend_of(places: Sequence[float], values: Sequence[float]) -> float | None:
    """The place at which two joined straight lines over ranked places fit a falling curve best.

    Args:
        places: Abscissae, ascending, three at least; the bend is at one between the first and last.
        values: Ordinates, as many.

    Returns:
        ``None`` if no bend upwards fits better than one line.
    """
    ranks = np.arange(len(places), dtype=np.float64)
    gains = _gains(_without_line(ranks, np.asarray(values, dtype=np.float64)), _bends(ranks))
    return float(places[1 + int(gains.argmax())]) if gains.max() > 0 else None


def _flat(scores: Scores) -> tuple[_Array, _Array, _Array]:
    """Ranks of the places and values, one a score, by ascending place; scores a place."""
    counts = np.array([len(scores[place]) for place in sorted(scores)])
    ranks = np.repeat(np.arange(len(counts), dtype=np.float64), counts)
    values = np.concatenate([np.asarray(scores[place], np.float64) for place in sorted(scores)])
    return ranks, values, counts


def falling_fit(sums: _Array, counts: _Array) -> _Array:
    """The non-increasing curves that are nearest to means, in squares weighted by counts.

    Isotonic regression by its min-max formula (Barlow et al. 1972, theorem 1.4): the value at a
    place is the least, over where a stretch may begin, of the greatest mean of such a stretch. So
    it is found for all curves at once; SciPy's takes one at a time.

    Args:
        sums: Sums of the scores a place, ``[curves, places]``.
        counts: Scores a place, ``[places]``.
    """
    before = np.pad(sums.cumsum(-1), ((0, 0), (1, 0)))
    scores = np.pad(counts.cumsum(), (1, 0))
    fitted = np.full(sums.shape, np.inf)
    for begin in range(len(counts)):
        stretches = before[:, begin + 1 :] - before[:, begin, None]
        means = stretches / (scores[begin + 1 :] - scores[begin])
        greatest = np.maximum.accumulate(means[:, ::-1], axis=1)[:, ::-1]
        np.minimum(fitted[:, begin:], greatest, out=fitted[:, begin:])
    return fitted


def _explained_by_a_fall(values: _Array, counts: _Array) -> _Array:
    """Share of squares ``[curves]`` that a fall explains of values ``[curves, scores]``."""
    starts = np.concatenate([[0], counts.cumsum()[:-1]])
    level = values - values.mean(-1, keepdims=True)
    total = (level**2).sum(-1)
    fitted = falling_fit(np.add.reduceat(level, starts, axis=1), counts)
    share: _Array = (counts * fitted**2).sum(-1) / np.where(total, total, 1.0)
    return share


def _bends(ranks: _Array) -> _Array:
    """Unit vectors ``[bends, scores]``: level up to a place, rising from there, less a line.

    What lies along it is what the bend explains beyond a straight line.
    """
    inner = np.unique(ranks)[1:-1]
    bends = _without_line(ranks, np.maximum(0.0, ranks - inner[:, None]))
    unit: _Array = bends / np.linalg.norm(bends, axis=1, keepdims=True)
    return unit


def _without_line(ranks: _Array, values: _Array) -> _Array:
    """What the best straight line leaves of values ``[..., scores]``."""
    along = ranks - ranks.mean()
    along = along / np.linalg.norm(along)
    level = values - values.mean(-1, keepdims=True)
    rest: _Array = level - (level @ along)[..., None] * along
    return rest


def _gains(rest: _Array, bends: _Array) -> _Array:
    """Squares that each bend explains ``[..., bends]``; zero where it would be downwards."""
    gains: _Array = np.maximum(0.0, rest @ bends.T) ** 2
    return gains


def _bent(rests: _Array, bends: _Array) -> _Array:
    """Squares that the best bend explains over those that it leaves."""
    gains = _gains(rests, bends).max(-1)
    squares = (rests**2).sum(-1)
    ratio: _Array = gains / np.maximum(squares - gains, _NOTHING * squares)
    return ratio


def _chance(found: float, drawn: _Array) -> float:
    as_much = int((drawn >= found * (1 - _NOTHING)).sum())
    return (1 + as_much) / (1 + len(drawn))
