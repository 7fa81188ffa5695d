"""FD∞: the Fréchet distance without the bias of a finite number of generated images."""

from __future__ import annotations

from collections.abc import Iterator

from regene_bench.api import Column, Evaluation, Score, frechet_at_infinity, subset_sizes
from regene_bench_plugins.metrics.features import FeatureMetric
from regene_bench_plugins.metrics.sides import Sides, singular_note


class FrechetInfinity(FeatureMetric):
    """The intercept of the Fréchet distance over 1/N (Chong and Forsyth 2020).

    Fifteen random subsets of 5,000 images (or half of the images, if there are fewer than 10,000)
    up to all; the real side is fixed. The standard error and the 95 % interval are of the
    straight line, not of another sample of images. For a near-perfect generator the value may
    be below zero. With fewer images than dimensions the distance is no straight line over 1/N.
    """

    columns = (Column("fd_infinity", "lower", summary="Fréchet distance extrapolated to N = ∞"),)

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        sides = Sides.of(evaluation, self.config.extractor, self.reference)
        smallest = subset_sizes(len(sides.generated))[0]
        line = frechet_at_infinity(
            sides.real, sides.generated, between=evaluation.runtime.stop.check
        )
        notes = [
            f"slope {line.slope:.6g}",
            singular_note(sides.card.feature_dim, len(sides.real), smallest),
        ]
        yield sides.score(
            "fd_infinity",
            line.intercept,
            std=line.standard_error,
            interval=(line.intercept - line.half_width, line.intercept + line.half_width),
            note="; ".join(note for note in notes if note),
        )
