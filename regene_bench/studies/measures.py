"""What a column of a study's figures is measured on: one name may stand for several measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from regene_bench.leaderboard.record import ScoreRow

# Papers' distances are on it unless they say otherwise, and so are names on leaderboards.
_USUAL_EXTRACTOR = "inception"


@dataclass(frozen=True)
class Measure:
    """A metric under what its options can choose; scores of two measures do not compare.

    The numbers of images are not part of it: they follow from protocol and preset, which the runs
    of a view share.

    Attributes:
        metric: Column name.
        extractor: The extractor's id, if features or logits are used.
        split: Split of the real images, if there are any.
    """

    metric: str
    extractor: str | None = None
    split: str | None = None

    @classmethod
    def of(cls, score: ScoreRow) -> Measure:
        """What a score is a score of."""
        return cls(score.metric, score.extractor_id, score.reference_split)


def column_of_reported(metric: str, labels: Mapping[Measure, str]) -> str:
    """The column in which papers' numbers of a metric stand.

    Args:
        metric: Column name.
        labels: As of ``measures_of``.

    Returns:
        The label of the measure that they can be read beside: the only one whose name says all,
        or that on Inception. Where there is none, a column of their own.
    """
    if not labels:
        return metric
    beside = [
        label
        for measure, label in labels.items()
        if label == metric or measure.extractor == _USUAL_EXTRACTOR
    ]
    return beside[0] if len(beside) == 1 else f"{metric} (reported)"
