"""Fréchet distance of generated from real images, on the features of one extractor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from regene_bench.api import Column, Evaluation, Score, frechet_distance
from regene_bench_plugins.metrics.features import ReferenceMetric


class _Frechet(ReferenceMetric):
    extractor: ClassVar[str]

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        card = evaluation.card(self.extractor)
        generated = evaluation.generated_features(self.extractor).features
        real = evaluation.reference_features(self.extractor, self.reference).features
        fewest = min(len(generated), len(real))
        note = ""
        if fewest <= card.feature_dim:
            note = f"{fewest} images for {card.feature_dim} dimensions: biased upwards, singular"
        yield Score(
            self.columns[0].name,
            frechet_distance(real, generated),
            n_real=len(real),
            n_generated=len(generated),
            card=card,
            reference_split=self.reference or evaluation.reference_split,
            note=note,
        )


class InceptionFrechet(_Frechet):
    """FID: the 2015 Inception network under clean-fid's preprocessing."""

    extractor = "inception"
    extractors = ("inception",)
    columns = (Column("fid", "lower", summary="Fréchet Inception distance, clean-fid convention"),)


class EfficientNetFrechet(_Frechet):
    """Fréchet distance on the embedded EfficientNet-Lite0: works without a download."""

    extractor = "efficientnet_lite0"
    extractors = ("efficientnet_lite0",)
    columns = (
        Column(
            "fd_efficientnet_lite0",
            "lower",
            summary="Fréchet distance, EfficientNet-Lite0 features",
        ),
    )
