"""Inception score on the logits of any extractor that has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor

from regene_bench.api import (
    Column,
    Evaluation,
    ExtractorCard,
    MethodError,
    Metric,
    MetricConfig,
    Score,
    Skipped,
    count_splits,
    inception_score,
)

_SPLITS = 10


class InceptionScoreConfig(MetricConfig):
    """Options of ``is``, which looks at no real images.

    Attributes:
        extractor: Name of an extractor with logits.
    """

    extractor: str = "inception"


class InceptionScore(Metric):
    """Mean and spread over ten splits (Salimans et al. 2016), permuted first.

    There are fewer splits where ten would have fewer images than there are classes, and no score
    where one has.

    On Inception the posterior is over its 1008 outputs, as in the original code. One perfect image
    of each class would have the highest score of all, so it is best where real images have it. It
    is too small for few images: compare only rows of equal numbers.
    """

    Config: ClassVar[type[MetricConfig]] = InceptionScoreConfig
    config: InceptionScoreConfig
    compares_features: ClassVar[bool] = False
    moments_suffice: ClassVar[bool] = True
    columns = (
        Column("inception_score", "reference", summary="sure of each image, diverse over all"),
    )

    @property
    def extractors(self) -> tuple[str, ...]:
        return (self.config.extractor,)

    def measure(self, evaluation: Evaluation) -> Iterator[Score | Skipped]:
        name = self.config.extractor
        logits = evaluation.generated_features(name).logits
        if logits is None:
            raise MethodError(
                f"The extractor {name!r} gives no logits.",
                hint="Take one that classifies, such as inception or neutral.",
            )
        yield score_of_logits("inception_score", logits, evaluation, evaluation.card(name))


def score_of_logits(
    column: str, logits: Tensor, evaluation: Evaluation, card: ExtractorCard
) -> Score | Skipped:
    """Take the score over as many of ten splits as have an image for each class.

    Args:
        column: Name of the column.
        logits: Of the generated images, ``[N, K]``.
        evaluation: Says of how many classes the images are to be.
        card: The extractor's.

    Returns:
        The score; of a single split without a spread. Or why there is none.
    """
    n, n_classes = len(logits), len(torch.unique(evaluation.comparison.labels))
    splits = count_splits(n, n_classes, _SPLITS)
    if not splits:
        return Skipped(
            column,
            f"{n} images of {n_classes} classes: not even one split has as many images as there "
            "are classes",
        )
    mean, spread = inception_score(logits, splits=splits)
    word = "split" if splits == 1 else "splits"
    why = f"each needs as many images as there are classes ({n_classes})"
    return Score(
        column,
        mean,
        std=spread if splits > 1 else None,
        n_generated=n,
        card=card,
        note="" if splits == _SPLITS else f"{splits} {word}, not {_SPLITS}: {why}",
    )
