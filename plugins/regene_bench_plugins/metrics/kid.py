"""Kernel Inception distance, on the features of any extractor."""

from __future__ import annotations

from collections.abc import Iterator

from regene_bench.api import Column, Evaluation, Score, kernel_distance
from regene_bench_plugins.metrics.feature_metric import FeatureMetric, Sides

_SUBSETS = 100
_SUBSET_SIZE = 1000


class KernelDistance(FeatureMetric):
    """Mean and spread over 100 subsets of 1,000 images (Bińkowski et al. 2018).

    Unbiased, whatever the number of images; for a perfect generator it is negative half of the
    time. Smaller sets give smaller subsets, and a larger spread.
    """

    columns = (Column("kid", "lower", summary="kernel distance, cubic kernel, unbiased"),)

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        sides = Sides.of(evaluation, self.config.extractor, self.reference)
        size = min(_SUBSET_SIZE, len(sides.real), len(sides.generated))
        mean, spread = kernel_distance(
            sides.generated,
            sides.real,
            subsets=_SUBSETS,
            subset_size=size,
            between=evaluation.runtime.stop.check,
        )
        note = "" if size == _SUBSET_SIZE else f"subsets of {size} images, not {_SUBSET_SIZE}"
        yield sides.score("kid", mean, std=spread, note=note)
