"""Inception score on the logits of any extractor that has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from regene_bench.api import (
    Column,
    Evaluation,
    MethodError,
    Metric,
    MetricConfig,
    Score,
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

    On Inception the posterior is over its 1008 outputs, as in the original code. One perfect image
    of each class would have the highest score of all, so it is best where real images have it. It
    is too small for few images: compare only rows of equal numbers.
    """

    Config: ClassVar[type[MetricConfig]] = InceptionScoreConfig
    config: InceptionScoreConfig
    compares_features: ClassVar[bool] = False
    columns = (
        Column("inception_score", "reference", summary="sure of each image, diverse over all"),
    )

    @property
    def extractors(self) -> tuple[str, ...]:
        return (self.config.extractor,)

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        name = self.config.extractor
        logits = evaluation.generated_features(name).logits
        if logits is None:
            raise MethodError(
                f"The extractor {name!r} gives no logits.",
                hint="Take one that classifies, such as inception or neutral.",
            )
        splits = min(_SPLITS, len(logits))
        mean, spread = inception_score(logits, splits=splits)
        yield Score(
            "inception_score",
            mean,
            std=spread,
            n_generated=len(logits),
            card=evaluation.card(name),
            note="" if splits == _SPLITS else f"{splits} splits, not {_SPLITS}",
        )
