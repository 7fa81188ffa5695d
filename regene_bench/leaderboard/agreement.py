"""Do two measurements of one score agree?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from regene_bench.leaderboard.record import ScoreRow

Verdict = Literal["equal", "within", "off"]
"""Equal to the last bit; different by no more than the tolerance; different by more."""

TOLERANCE = 1e-3
"""Relative difference up to which two measurements of one run pass for the same."""


def relative_difference(first: float, second: float) -> float:
    """Return ``|a - b| / max(|a|, |b|)``, which is 0 for equal numbers and at most 2."""
    if first == second:
        return 0.0
    return abs(first - second) / max(abs(first), abs(second))


def verdict(first: float, second: float, tolerance: float = TOLERANCE) -> Verdict:
    """Compare two values of one score.

    Args:
        first: A finite number.
        second: Another; one that is not finite agrees with nothing.
        tolerance: Greatest relative difference that is ``"within"``.
    """
    if first == second:
        return "equal"
    if not (math.isfinite(first) and math.isfinite(second)):
        return "off"
    return "within" if relative_difference(first, second) <= tolerance else "off"


@dataclass(frozen=True)
class ScoreComparison:
    """One published score beside its repetition.

    Attributes:
        metric, class_name: The score.
        published: The number that stood.
        repeated: The number now; ``None`` where there is none.
        verdict: ``"missing"`` where there is none.
        difference: Relative difference.
        reason: Why there is no number now.
    """

    metric: str
    class_name: str | None
    published: float
    repeated: float | None
    verdict: Verdict | Literal["missing"]
    difference: float | None = None
    reason: str = ""


def compare_scores(
    published: Sequence[ScoreRow], repeated: Sequence[ScoreRow], tolerance: float = TOLERANCE
) -> list[ScoreComparison]:
    """Compare every published number with the one measured under the same convention.

    Args:
        published: Scores of a run as they stood.
        repeated: Scores of its repetition.
        tolerance: Greatest relative difference that is ``"within"``.
    """
    now = {convention_of(score): score for score in repeated}
    reasons = {
        (score.metric, score.class_name): score.error_message or score.status
        for score in repeated
        if score.status != "ok"
    }
    return [
        _compare(score, now.get(convention_of(score)), reasons, tolerance)
        for score in published
        if score.value is not None
    ]


def convention_of(score: ScoreRow) -> tuple[Any, ...]:
    """What two values must share to be two values of one score: metric, class, extractor, split …

    Values that differ in one of these were measured otherwise, and are never compared.
    """
    return (
        score.metric,
        score.class_name,
        score.status,
        score.extractor_id,
        score.weights_sha256,
        score.preprocess_id,
        score.reference_split,
        score.n_real,
        score.n_generated,
    )


def _compare(
    old: ScoreRow,
    new: ScoreRow | None,
    reasons: dict[tuple[str, str | None], str],
    tolerance: float,
) -> ScoreComparison:
    first = old.value or 0.0
    if new is None or new.value is None:
        reason = reasons.get(
            (old.metric, old.class_name), "it was not measured under this convention"
        )
        return ScoreComparison(old.metric, old.class_name, first, None, "missing", None, reason)
    found = verdict(first, new.value, tolerance)
    difference = relative_difference(first, new.value)
    return ScoreComparison(old.metric, old.class_name, first, new.value, found, difference)
