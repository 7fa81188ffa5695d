"""What a metric reports, and that its scores are of the images alone."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from regene_bench.leaderboard.directions import sort_key_of
from regene_bench.leaderboard.record import ScoreRow
from regene_bench.testing.check import Broken, NotApplicable, require
from regene_bench.testing.metrics.measured import GOOD, MetricSubject

# a share of 1 has an interval that ends at 1 but for the last bits
_ROUNDING = 1e-9
_RELATIVE = 1e-5
_ABSOLUTE = 1e-7
# two draws differ by the square root of two of their spread; this is three and a half of that
_SPREADS = 5


def scores_are_of_declared_columns(subject: MetricSubject) -> None:
    """Measuring images of a model that can do everything gives at least one score; every score is
    of a declared column, finite, with a spread that is not negative, an interval around the value,
    the card of the extractor if there is one, and the number of images it stands on; no column has
    two totals; and what was measured is left as it was.

    Mend: yield ``Score(column, value, n_real=…, n_generated=…, card=evaluation.card(name))``; yield
    nothing where there is no number, since the row then says ``skipped``; work on copies.
    """
    if isinstance(subject.first, Broken):
        raise subject.first
    rows = [row for row in subject.first if row.status == "ok"]
    require(bool(rows), "it gave no score at all")
    seen = set()
    for row in rows:
        name = f"{row.metric} of {row.class_name}" if row.class_name else row.metric
        require((row.metric, row.class_name) not in seen, f"{name} is there twice")
        seen.add((row.metric, row.class_name))
        value = row.value
        if value is None or not math.isfinite(value):
            require(False, f"{name} is {value}")
            continue
        require(row.std is None or row.std >= 0, f"{name} has a spread of {row.std}")
        if row.ci_low is not None and row.ci_high is not None:
            found = f"{name} = {value} is outside its interval [{row.ci_low}, {row.ci_high}]"
            rounding = _ROUNDING * max(1.0, abs(value))
            require(row.ci_low - rounding <= value <= row.ci_high + rounding, found)
        counted = row.n_generated is not None or row.n_real is not None
        require(counted, f"{name} does not say how many images it stands on")


def the_same_images_have_the_same_scores(subject: MetricSubject) -> None:
    """Measured twice, the same images have the same scores to the last bit.

    Mend: draw from a local generator whose seed is ``derive_seed("what for", …)`` of constants,
    never from a global one.
    """
    first, again = subject.good, subject.measure(GOOD)
    require(len(first) == len(again), f"{len(first)} scores the first time, then {len(again)}")
    for a, b in zip(first, again, strict=True):
        require(a.value == b.value, f"{a.metric} is {a.value}, measured again {b.value}")


def the_order_of_images_says_nothing(subject: MetricSubject) -> None:
    """Images in another order, with their labels, have the same scores; a score from random
    subsets or splits moves by no more than five times the spread that it reports.

    Mend: compute on the whole set, or on enough subsets, and report their spread as ``std``.
    """
    good, generator = subject.good, torch.Generator().manual_seed(1)
    order = torch.randperm(subject.n_generated, generator=generator)
    shuffled = {
        _key(row): row for row in subject.measure(replace(GOOD, order=order)) if row.status == "ok"
    }
    compared = 0
    for row in good:
        other = shuffled.get(_key(row))
        if row.value is None or other is None or other.value is None:
            continue
        compared += 1
        slack = max(_SPREADS * (row.std or 0.0), _RELATIVE * abs(row.value), _ABSOLUTE)
        require(
            abs(row.value - other.value) <= slack,
            f"{row.metric} is {row.value:.8g}, in another order {other.value:.8g} "
            f"(spread {row.std or 0.0:.3g})",
        )
    if not compared:
        raise NotApplicable("it has no score to compare")


def better_images_score_no_worse(subject: MetricSubject) -> None:
    """In the stated direction, fresh images from the distribution of the real ones score no worse
    than the same with every second one replaced by noise (and reconstructions that are nearly
    right no worse than grey ones, one trial no worse than nine).

    Mend: turn the direction, or the sign; where a generator can pass the real images' value by
    being worse than they are, the direction is ``reference``.
    """
    good, bad = _totals(subject.good), _totals(subject.bad)
    compared = 0
    for name, row in good.items():
        sort_key, other = sort_key_of(row.direction, None), bad.get(name)
        if sort_key is None or other is None or row.value is None or other.value is None:
            continue
        compared += 1
        slack = max(row.std or 0.0, other.std or 0.0)
        require(
            sort_key(row.value) <= sort_key(other.value) + slack,
            f"{name} ({row.direction} is better) is {row.value:.6g} for good images and "
            f"{other.value:.6g} for bad ones",
        )
    if not compared:
        raise NotApplicable("none of its columns has the direction higher or lower here")


def statistics_suffice_where_it_says_so(subject: MetricSubject) -> None:
    """A metric with ``moments_suffice`` has the same scores where only mean and covariance of the
    real images' features are given.

    Mend: take the real side from ``evaluation.reference_gaussian`` and look at no real images
    where ``evaluation.statistics`` is given; or leave ``moments_suffice`` off.
    """
    if not subject.metric_class.moments_suffice:
        raise NotApplicable("it needs more of the real images, or none of them")
    good = subject.good
    given = {_key(row): row for row in subject.measure(replace(GOOD, from_moments=True))}
    for row in good:
        if row.value is None:
            continue
        other = given.get(_key(row))
        found = None if other is None else other.value
        require(
            found is not None
            and abs(row.value - found) <= max(_RELATIVE * abs(row.value), _ABSOLUTE),
            f"{row.metric} is {row.value:.8g}, against statistics {found}",
        )


def _totals(rows: tuple[ScoreRow, ...]) -> dict[str, ScoreRow]:
    return {row.metric: row for row in rows if row.class_name is None and row.status == "ok"}


def _key(row: ScoreRow) -> tuple[str, str | None]:
    return row.metric, row.class_name
