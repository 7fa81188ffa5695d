"""Scores are of a set of images: neither the call nor the order matters."""

from __future__ import annotations

import torch

from regene_bench.leaderboard.record import ScoreRow
from regene_bench.testing.contract import NotApplicable, require
from regene_bench.testing.metrics.subject import MetricSubject

_RELATIVE = 1e-5
_ABSOLUTE = 1e-7
# two draws differ by the square root of two of their spread; this is three and a half of that
_SPREADS = 5


def the_same_images_have_the_same_scores(subject: MetricSubject) -> None:
    """Measured twice, the same images have the same scores to the last bit.

    Mend: draw from a local generator whose seed is ``derive_seed("what for", …)`` of constants,
    never from a global one.
    """
    first, again = subject.good, subject.measure("good")
    require(len(first) == len(again), f"{len(first)} scores the first time, then {len(again)}")
    for a, b in zip(first, again, strict=True):
        require(a.value == b.value, f"{a.metric} is {a.value}, measured again {b.value}")


def the_order_of_images_says_nothing(subject: MetricSubject) -> None:
    """Images in another order, with their labels, have the same scores; a score from random
    subsets or splits moves by no more than five times the spread that it reports.

    Mend: compute on the whole set, or on enough subsets, and report their spread as ``std``.
    """
    generator = torch.Generator().manual_seed(1)
    order = torch.randperm(subject.n_generated, generator=generator)
    shuffled = {_key(row): row for row in subject.measure("good", order) if row.status == "ok"}
    compared = 0
    for row in subject.good:
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


def _key(row: ScoreRow) -> tuple[str, str | None]:
    return row.metric, row.class_name
