"""Do metrics agree? Kendall's tau between the rankings that they give of the same lines.

Tau-b (Kendall 1945) is the share of pairs that two metrics order alike less the share that they
order differently, among the pairs that neither leaves tied: 1 for one order, -1 for the reverse.
Values are compared by the mean over seeds, in each metric's own direction, as ranks are.

Its interval is a bootstrap of two levels. Lines are drawn with replacement, since a board holds a
choice of methods and the question is of others as well; an entry that is drawn twice is tied with
itself. Within a line, seeds are drawn as ``seed_draws`` says, all scores of a run together, since
each mean is of a few runs only. Real images' values stay as they are. Drawing seeds adds noise,
which brings rankings apart: where tau itself is beyond all but a few resamples, the interval
reaches as far as tau.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from regene_bench.leaderboard.aggregate import CONFIDENCE, Statistic
from regene_bench.leaderboard.directions import SortKey, sort_key_of, sort_keys_of
from regene_bench.leaderboard.seed_draws import drawn_means, seed_values
from regene_bench.runtime.random import derive_seed

FEWEST = 4
"""Lines that two metrics must share: of three any order is likely by chance."""

MOST_WITH_INTERVAL = 300
"""Lines beyond which no interval is drawn: it takes time by their square, and is narrow."""

# resamples: the first, but no more of them than make so many comparisons, nor fewer than the last,
# of which the ends of an interval still have a meaning
_RESAMPLES, _COMPARISONS, _FEWEST_RESAMPLES = 1000, 16_000_000, 200
# as many resamples at a time as leave their numbers in the processor's cache
_CHUNK = 200_000


@dataclass(frozen=True)
class DirectedMetric:
    """What a metric's values are ranked by.

    Attributes:
        label: What it is called.
        direction: ``"lower"``, ``"higher"`` or ``"reference"``.
        reference: Of the last, the value that the best are nearest to.
    """

    label: str
    direction: str
    reference: float | None = None

    @property
    def sort_key(self) -> SortKey:
        """The smaller its result, the better the value.

        Raises:
            ValueError: The metric orders nothing.
        """
        key = sort_key_of(self.direction, self.reference)
        if key is None:
            raise ValueError(f"{self.label} has no better direction")
        return key


@dataclass(frozen=True)
class RankedLine:
    """A method with one set of parameters.

    Attributes:
        label: What tells it from the others.
        cells: Its value by each metric, ``None`` where it was not measured.
    """

    label: str
    cells: tuple[Statistic | None, ...]


@dataclass(frozen=True)
class Agreement:
    """How far two metrics agree.

    Attributes:
        first, second: Their numbers, the first the smaller.
        n: Lines that have both.
        tau: Kendall's tau-b in [-1, 1]; ``None`` where it does not exist.
        low, high: Its 95 % interval; ``None`` without one.
        reason: Why there is no tau.
    """

    first: int
    second: int
    n: int
    tau: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Disagreement:
    """Two lines that two metrics order in opposite ways.

    Attributes:
        by_main, by_other: Number of the line that is better by the main metric, and of the one that
            is better by the other.
        distance: How many ranks the two are apart by both metrics together.
    """

    by_main: int
    by_other: int
    distance: float


@dataclass(frozen=True)
class Disagreements:
    """All pairs of lines that two metrics order in opposite ways.

    Attributes:
        metric: Number of the metric that is not the main one.
        total: How many pairs there are.
        pairs: The first of them, those farthest apart in rank.
    """

    metric: int
    total: int
    pairs: tuple[Disagreement, ...]


def tau_b(keys: np.ndarray) -> np.ndarray:
    """Kendall's tau-b of every pair of metrics over the lines that both were measured on.

    Args:
        keys: float64 ``[lines, metrics]``, NaN where a line was not measured.

    Returns:
        float64 ``[metrics, metrics]``, NaN where a metric is constant, or fewer than two lines have
        both.
    """
    n, metrics = keys.shape
    if n <= MOST_WITH_INTERVAL:
        taus: np.ndarray = weighted_tau_b(keys[None], np.ones((1, n), np.int64))[0]
        return taus
    # it takes n log n of time where the form above takes the square; to import it takes longer than
    # to make a board
    from scipy.stats import kendalltau

    taus = np.full((metrics, metrics), np.nan)
    for i, j in combinations(range(metrics), 2):
        both = keys[~np.isnan(keys[:, i]) & ~np.isnan(keys[:, j])][:, [i, j]]
        if all(len(np.unique(side)) > 1 for side in both.T):
            taus[i, j] = taus[j, i] = kendalltau(*both.T, variant="b").statistic
    return taus


def rank_agreement(
    lines: Sequence[RankedLine], metrics: Sequence[DirectedMetric]
) -> list[Agreement]:
    """Kendall's tau-b of every pair of metrics over the lines that both were measured on.

    Args:
        lines: In any order: neither tau nor its interval depends on it. Labels are unique.
        metrics: One a cell of the lines.

    Returns:
        One a pair, by the number of the first metric, then the second.
    """
    lines = sorted(lines, key=lambda line: line.label)
    keys = _keys_of_means(lines, metrics)
    taus = tau_b(keys)
    drawn = _resampled(lines, metrics) if FEWEST <= len(lines) <= MOST_WITH_INTERVAL else None
    return [
        _agreement(keys, metrics, i, j, taus[i, j], None if drawn is None else drawn[:, i, j])
        for i, j in combinations(range(len(metrics)), 2)
    ]


def disagreements(
    lines: Sequence[RankedLine], metrics: Sequence[DirectedMetric], main: int, most: int
) -> Iterator[Disagreements]:
    """Find the pairs of lines that another metric orders otherwise than the main one does.

    Args:
        lines: All of them.
        metrics: One a cell of the lines.
        main: Number of the metric that the others are compared with.
        most: How many pairs of a metric are given.

    Yields:
        One a metric but the main one.
    """
    keys = _keys_of_means(lines, metrics)
    for other in range(len(metrics)):
        if other == main:
            continue
        known = np.flatnonzero(~np.isnan(keys[:, main]) & ~np.isnan(keys[:, other]))
        ours, theirs = _ranks(keys[known, main]), _ranks(keys[known, other])
        first, second = np.nonzero((ours[:, None] < ours) & (theirs[:, None] > theirs))
        distance = ours[second] - ours[first] + theirs[first] - theirs[second]
        chosen = np.lexsort((known[second], known[first], -distance))[:most]
        pairs = zip(
            known[first[chosen]].tolist(),
            known[second[chosen]].tolist(),
            distance[chosen].tolist(),
            strict=True,
        )
        yield Disagreements(other, len(first), tuple(Disagreement(*pair) for pair in pairs))


def _agreement(
    keys: np.ndarray,
    metrics: Sequence[DirectedMetric],
    i: int,
    j: int,
    tau: float,
    drawn: np.ndarray | None,
) -> Agreement:
    both = keys[~np.isnan(keys[:, i]) & ~np.isnan(keys[:, j])][:, [i, j]]
    if len(both) < FEWEST:
        return Agreement(i, j, len(both), reason=f"fewer than {FEWEST} lines have both")
    for side, metric in enumerate((metrics[i], metrics[j])):
        if len(np.unique(both[:, side])) < 2:
            reason = f"{metric.label} is the same for all {len(both)} lines"
            return Agreement(i, j, len(both), reason=reason)
    tau = float(tau)
    defined = np.empty(0) if drawn is None else drawn[~np.isnan(drawn)]
    if not len(defined):
        return Agreement(i, j, len(both), tau)
    outside = (1 - CONFIDENCE) / 2
    low, high = np.quantile(defined, [outside, 1 - outside]).tolist()
    return Agreement(i, j, len(both), tau, min(low, tau), max(high, tau))


def _keys_of_means(lines: Sequence[RankedLine], metrics: Sequence[DirectedMetric]) -> np.ndarray:
    """The means as tables have them, the smaller the better: ``[lines, metrics]``, NaN for none."""
    sort_keys = [metric.sort_key for metric in metrics]
    keys = [
        [np.nan if c is None else key(c.mean) for c, key in zip(line.cells, sort_keys, strict=True)]
        for line in lines
    ]
    return np.array(keys, np.float64).reshape(len(lines), len(metrics))


def _resampled(lines: Sequence[RankedLine], metrics: Sequence[DirectedMetric]) -> np.ndarray:
    """Tau-b of every pair of metrics in every resample, ``[resamples, metrics, metrics]``."""
    n = len(lines)
    size = n * n * max(len(metrics), 1)
    count = min(_RESAMPLES, max(_FEWEST_RESAMPLES, _COMPARISONS // size))
    seed = derive_seed("agreement of metrics", *(line.label for line in lines))
    draw = np.random.Generator(np.random.Philox(seed))
    values, seeds = seed_values([line.cells for line in lines])
    found = []
    step = max(1, _CHUNK // size)
    for start in range(0, count, step):
        many = min(step, count - start)
        means = drawn_means(values, seeds, many, draw)
        times = draw.multinomial(n, np.full(n, 1 / n), size=many)
        found.append(weighted_tau_b(_keys(means, metrics), times))
    return np.concatenate(found)


def _keys(means: np.ndarray, metrics: Sequence[DirectedMetric]) -> np.ndarray:
    """Means ``[..., metrics]`` so that the smaller is the better."""
    keys = means.copy()
    for number, metric in enumerate(metrics):
        keys[..., number] = sort_keys_of(means[..., number], metric.direction, metric.reference)
    return keys


def weighted_tau_b(keys: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Tau-b of all pairs of metrics, with each line as often as some times.

    Args:
        keys: float64 ``[resamples, lines, metrics]``, NaN where a line was not measured.
        times: int64 ``[resamples, lines]``, how often each line is there; two of one line are tied.

    Returns:
        float64 ``[resamples, metrics, metrics]``, NaN where a metric is constant.
    """
    resamples, n, metrics = keys.shape
    if n < 2:
        return np.full((resamples, metrics, metrics), np.nan)
    by_metric = np.ascontiguousarray(keys.transpose(0, 2, 1))
    pairs = n * (n // 2)
    one, other = by_metric[..., None], _next_ones(by_metric)
    # sums of halves of whole numbers far below 2 ** 23, which float32 holds
    order = ((one < other).view(np.int8) - (one > other).view(np.int8)).astype(np.float32)
    order = order.reshape(resamples, metrics, pairs)
    often = times.astype(np.float32)
    weights = often[..., None] * _next_ones(often)
    if n % 2 == 0:
        weights[..., -1] /= 2  # of an even number each pair of opposite lines is there twice
    weighted = order * weights.reshape(resamples, 1, pairs)
    agreeing = weighted @ order.transpose(0, 2, 1)
    known = ~np.isnan(by_metric)
    if known.all():
        # with itself a metric agrees on all pairs that it orders
        untied = np.diagonal(agreeing, axis1=1, axis2=2)[..., None].astype(np.float64)
        untied = np.broadcast_to(untied, agreeing.shape)
    else:
        untied = _untied(np.abs(weighted), known)
    with np.errstate(invalid="ignore", divide="ignore"):
        product = untied * untied.transpose(0, 2, 1)
        taus: np.ndarray = np.where(product > 0, agreeing / np.sqrt(product), np.nan)
    return taus


def _untied(weights: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Weight of the pairs that a metric orders and another knows, ``[resamples, both metrics]``."""
    both = (known[..., None] & _next_ones(known)).astype(np.float32)
    found: np.ndarray = weights @ both.reshape(weights.shape).transpose(0, 2, 1)
    return found.astype(np.float64)


def _next_ones(values: np.ndarray) -> np.ndarray:
    """Those that follow each of ``[..., n]`` round a circle, as far as half of it.

    So every pair is there once, but for opposite ones of an even number: ``[..., n, n // 2]``.
    """
    half = values.shape[-1] // 2
    circle = np.concatenate([values, values[..., :half]], axis=-1)
    return sliding_window_view(circle, half + 1, axis=-1)[..., 1:]


def _ranks(keys: np.ndarray) -> np.ndarray:
    """Ranks from 1; equal keys share the better one."""
    ranks: np.ndarray = np.searchsorted(np.sort(keys), keys) + 1.0
    return ranks
