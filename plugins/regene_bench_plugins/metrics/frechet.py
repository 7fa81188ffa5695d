"""Fréchet distance of generated from real images, on the features of one extractor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from regene_bench.api import (
    Column,
    Evaluation,
    Gaussian,
    Score,
    Split,
    check_pair,
    frechet_distance,
    frechet_from,
)
from regene_bench_plugins.metrics.features import FeatureMetric, ReferenceMetric
from regene_bench_plugins.metrics.sides import Sides, singular_note


class FrechetDistance(FeatureMetric):
    """Fréchet distance on any extractor (Heusel et al. 2017), unbiased covariances, float64.

    It grows as images get fewer, by an amount that depends on the generator: compare only rows of
    equal numbers of images.
    """

    columns = (Column("fd", "lower", summary="Fréchet distance on the extractor's features"),)

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        yield _score("fd", evaluation, self.config.extractor, self.reference)


class InceptionFrechet(ReferenceMetric):
    """FID (Heusel et al. 2017): ``fd`` on the 2015 Inception network, nothing standing in for it.

    Preprocessing is clean-fid's (Parmar et al. 2022), but of images rounded to 8 bits. The bias is
    that of ``fd``; the literature's numbers are of 50,000 images on each side.
    """

    extractors: ClassVar[tuple[str, ...]] = ("inception",)
    columns = (Column("fid", "lower", summary="Fréchet Inception distance, clean-fid convention"),)

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        yield _score("fid", evaluation, "inception", self.reference)


class EfficientNetFrechet(ReferenceMetric):
    """``fd`` on the embedded EfficientNet-Lite0, which works without a download.

    The network saw natural images (ImageNet, Tan and Le 2019). Its values cannot be read as FID.
    """

    extractors: ClassVar[tuple[str, ...]] = ("efficientnet_lite0",)
    columns = (
        Column(
            "fd_efficientnet_lite0",
            "lower",
            summary="Fréchet distance, EfficientNet-Lite0 features",
        ),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        yield _score(self.columns[0].name, evaluation, "efficientnet_lite0", self.reference)


def _score(column: str, evaluation: Evaluation, extractor: str, reference: Split | None) -> Score:
    sides = Sides.of(evaluation, extractor, reference)
    note = singular_note(sides.card.feature_dim, len(sides.real), len(sides.generated))
    if len(sides.real) < sides.real.shape[1]:
        return sides.score(column, frechet_distance(sides.real, sides.generated), note=note)
    check_pair(sides.real, sides.generated)
    fixed = evaluation.of_reference("gaussian", extractor, reference, Gaussian.of_features)
    return sides.score(column, frechet_from(fixed, sides.generated), note=note)
