"""The Fréchet distance that real images have from real images, to read the others against."""

from __future__ import annotations

from collections.abc import Iterator

from regene_bench.api import Column, Evaluation, Score, split_distances
from regene_bench_plugins.metrics.features import FeatureMetric
from regene_bench_plugins.metrics.sides import singular_note


class FrechetReal(FeatureMetric):
    """Mean and spread over ten random splits of the reference images.

    The smaller part has as many images as were generated, or half of the reference images if these
    are fewer; the larger part has the rest; both have the same class proportions. A generator at
    this value cannot be told from real images by this distance. It says nothing of the generator,
    hence no direction.
    """

    columns = (
        Column("fd_real", "none", summary="Fréchet distance of real images from real images"),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        name = self.config.extractor
        real = evaluation.reference_features(name, self.reference).features
        wanted = len(evaluation.generated)
        size = min(wanted, len(real) // 2)
        labels = evaluation.real(self.reference).labels
        distances = split_distances(real, labels, size, between=evaluation.runtime.stop.check)
        card = evaluation.card(name)
        notes = [
            singular_note(card.feature_dim, size),
            "" if size == wanted else f"{wanted} were generated: their bias is smaller",
        ]
        yield Score(
            "fd_real",
            float(distances.mean()),
            std=float(distances.std(unbiased=False)),
            n_real=len(real) - size,
            n_generated=size,
            card=card,
            reference_split=self.reference or evaluation.reference_split,
            note="; ".join(note for note in notes if note),
        )
