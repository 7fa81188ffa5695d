"""What metrics on features share: their options, and the two sides that they compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from regene_bench.api import (
    Evaluation,
    ExtractorCard,
    Metric,
    MetricConfig,
    Score,
    Skipped,
    Split,
    neighbour_radii,
)


class ReferenceConfig(MetricConfig):
    """Options of a metric that compares with real images.

    Attributes:
        reference: Split of the real images, train or test; the protocol's if not given.
    """

    reference: Split | None = None


class FeatureMetricConfig(ReferenceConfig):
    """Options of a metric on the features of any extractor.

    Attributes:
        extractor: Name of the feature extractor.
    """

    extractor: str = "efficientnet_lite0"


class ReferenceMetric(Metric):
    """Base of metrics that compare with real images and have the option ``reference``."""

    Config: ClassVar[type[MetricConfig]] = ReferenceConfig
    config: ReferenceConfig

    @property
    def reference(self) -> Split | None:
        """Split of the real images; ``None`` for the protocol's."""
        return self.config.reference


class FeatureMetric(ReferenceMetric):
    """Base of metrics on the features of one extractor, with ``extractor`` and ``reference``."""

    Config: ClassVar[type[MetricConfig]] = FeatureMetricConfig
    config: FeatureMetricConfig

    @property
    def extractors(self) -> tuple[str, ...]:
        """The one extractor whose features are compared."""
        return (self.config.extractor,)


@dataclass(frozen=True)
class Sides:
    """The features of both sides of a comparison: of real and of generated images.

    Attributes:
        real: float32 ``[N, D]``.
        generated: float32 ``[M, D]``.
        card: The extractor's.
        split: Split of the real images.
    """

    real: Tensor
    generated: Tensor
    card: ExtractorCard
    split: Split

    @classmethod
    def of(cls, evaluation: Evaluation, extractor: str, reference: Split | None) -> Sides:
        """Take both sides from an evaluation.

        Raises:
            UnavailableError: The extractor's weights are not to be had.
        """
        return cls(
            evaluation.reference_features(extractor, reference).features,
            evaluation.generated_features(extractor).features,
            evaluation.card(extractor),
            reference or evaluation.reference_split,
        )

    def score(
        self,
        column: str,
        value: float,
        *,
        std: float | None = None,
        interval: tuple[float, float] | None = None,
        note: str = "",
    ) -> Score:
        """Make a row of this comparison, with its numbers of images, extractor and split."""
        return Score(
            column,
            value,
            std=std,
            interval=interval,
            n_real=len(self.real),
            n_generated=len(self.generated),
            card=self.card,
            reference_split=self.split,
            note=note,
        )


def reference_radii(
    evaluation: Evaluation, extractor: str, reference: Split | None, k: int
) -> Tensor:
    """Distance of each real image's features from its k-th nearest other's, float32 ``[N]``.

    They are computed once for all runs of a call.
    """
    return evaluation.of_reference(
        f"radii of {k} neighbours",
        extractor,
        reference,
        lambda features: neighbour_radii(features, k, between=evaluation.runtime.stop.check),
    )


def class_rows(
    column: str, rows: Sequence[Score], sides: Sides, evaluation: Evaluation
) -> Iterator[Score | Skipped]:
    """Give the mean of a column over the classes, each weighing the same, and then its rows.

    Args:
        column: Name of the column.
        rows: One a class that has two images on either side.
        sides: Of all classes.
        evaluation: Says which classes were asked for.
    """
    if not rows:
        yield Skipped(column, "no class has two images, generated and real")
        return
    asked = len(torch.unique(evaluation.comparison.labels))
    missing = max(0, asked - len(rows))
    values = torch.tensor([row.value for row in rows], dtype=torch.float64)
    notes = [f"mean and spread over {len(rows)} classes"]
    if missing:
        notes[0] += f", {missing} of {asked} have no pair of images"
    # what is said of a class holds for the mean of them
    told = [row for row in rows if row.note]
    if told:
        fewest = min(told, key=lambda row: row.n_generated or 0)
        notes.append(
            f"{len(told)} of these {len(rows)} with a note, as {fewest.class_name}: {fewest.note}"
        )
    yield sides.score(
        column,
        float(values.mean()),
        std=float(values.std(unbiased=False)) if len(rows) > 1 else None,
        note="; ".join(notes),
    )
    yield from rows


def score_against_statistics(
    evaluation: Evaluation,
    extractor: str,
    column: str,
    value: float,
    *,
    std: float | None = None,
    interval: tuple[float, float] | None = None,
    note: str = "",
) -> Score:
    """Make a row of a comparison with precomputed statistics: no split, and their number of images.

    Args:
        evaluation: One that was given statistics.
        extractor: Name of the extractor.
        column: Name of the metric's column.
        value: The number.
        std, interval, note: As of ``Score``.
    """
    assert evaluation.statistics is not None
    return Score(
        column,
        value,
        std=std,
        interval=interval,
        n_real=evaluation.statistics.n,
        n_generated=len(evaluation.generated),
        card=evaluation.card(extractor),
        note=note,
    )
