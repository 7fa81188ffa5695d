"""What a column of a study's figures is measured on: one name may stand for several measures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from regene_bench.leaderboard.aggregate import CONVENTION
from regene_bench.leaderboard.labels import column_labels

if TYPE_CHECKING:
    from regene_bench.leaderboard.record import ScoreRow
    from regene_bench.studies.view import StudyView

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


def measures_of(
    views: Iterable[StudyView], metric: str, *, per_class: bool = False
) -> dict[Measure, str]:
    """All measures of a name among the good scores of some views, with their labels.

    Args:
        views: Where to look; labels tell apart what is measured in any of them.
        metric: Column name.
        per_class: Look at scores of single classes instead of totals.

    Returns:
        Labels as on leaderboards: ``fid``, ``fd (efficientnet_lite0)``.
    """
    found = {
        Measure.of(score)
        for view in views
        for run in view.runs
        for score in run.record.scores
        if score.metric == metric
        and score.status == "ok"
        and (score.class_name is not None) == per_class
    }
    measures = sorted(found, key=lambda m: (m.extractor or "", m.split or ""))
    labels, _ = column_labels([_as_key(measure) for measure in measures])
    return dict(zip(measures, labels, strict=True))


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


def _as_key(measure: Measure) -> tuple[str | None, ...]:
    convention = {"extractor_id": measure.extractor, "reference_split": measure.split}
    return measure.metric, None, *(convention.get(name) for name in CONVENTION)
