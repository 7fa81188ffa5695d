"""Precision, recall, density and coverage, on the features of any extractor."""

from __future__ import annotations

from collections.abc import Iterator

from regene_bench.api import (
    Column,
    Evaluation,
    Score,
    precision_recall_density_coverage,
)
from regene_bench_plugins.metrics.feature_metric import FeatureMetric, Sides, reference_radii

_NEIGHBOURS = 5


class Prdc(FeatureMetric):
    """How real and generated images cover each other, with the five nearest neighbours.

    Kynkäänniemi et al. (2019) and Naeem et al. (2020). All four depend on both numbers of images.
    Real held-out images have values of their own, which can be passed by more typical images
    (precision, density), by outliers (recall) and by copies of real images (coverage): hence the
    direction ``reference``.

    Recall is to be read beside precision: the further images lie from each other, the larger are
    their neighbourhoods, so that codes drawn from a looser density have more of it, and images
    rebuilt from training images may have less than any drawn ones.

    A neighbourhood reaches to its k-th nearest neighbour and leaves that distance out, as in the
    reference code of Naeem et al., so that samples of which more than k are equal have
    neighbourhoods that hold nothing: a set of copies scores 0 even beside itself.
    """

    columns = (
        Column("precision", "reference", summary="share of generated images within the real ones"),
        Column("recall", "reference", summary="share of real images within the generated ones"),
        Column("density", "reference", summary="real neighbourhoods around a generated image, / k"),
        Column("coverage", "reference", summary="share of real neighbourhoods that are met"),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        sides = Sides.of(evaluation, self.config.extractor, self.reference)
        stop = evaluation.runtime.stop.check
        radii = reference_radii(evaluation, self.config.extractor, self.reference, _NEIGHBOURS)
        found = precision_recall_density_coverage(
            sides.real, sides.generated, k=_NEIGHBOURS, radii_real=radii, between=stop
        )
        yield sides.score("precision", found.precision)
        yield sides.score("recall", found.recall)
        yield sides.score("density", found.density)
        yield sides.score("coverage", found.coverage)
