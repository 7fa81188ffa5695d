"""Fréchet distance of each class from the real images of that class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import torch

from regene_bench.api import Column, Evaluation, Score, frechet_distance
from regene_bench_plugins.metrics.features import FeatureMetric
from regene_bench_plugins.metrics.sides import Sides, singular_note


class FrechetPerClass(FeatureMetric):
    """Fréchet distance within each class, and its mean over classes with their spread.

    The mean is Miyato and Koyama's intra FID (2018). A generator that confuses classes keeps its
    overall distance but not these. A class has few images, so that the bias is large: compare
    only rows of equal numbers of images.
    """

    columns = (Column("fd_per_class", "lower", summary="Fréchet distance within each class"),)
    requires: ClassVar[tuple[str, ...]] = ("generate", "labels")

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        both = Sides.of(evaluation, self.config.extractor, self.reference)
        real_images = evaluation.real(self.reference)
        rows = []
        for label, name in enumerate(evaluation.data.class_names):
            evaluation.runtime.stop.check()
            real = both.real[real_images.of_class(label)]
            generated = both.generated[evaluation.generated.of_class(label)]
            if min(len(real), len(generated)) < 2:
                continue
            rows.append(
                Score(
                    "fd_per_class",
                    frechet_distance(real, generated),
                    class_name=name,
                    n_real=len(real),
                    n_generated=len(generated),
                    card=both.card,
                    reference_split=both.split,
                    note=singular_note(both.card.feature_dim, len(real), len(generated)),
                )
            )
        if rows:
            values = torch.tensor([row.value for row in rows], dtype=torch.float64)
            yield both.score(
                "fd_per_class",
                float(values.mean()),
                std=float(values.std(unbiased=False)),
                note=f"mean and spread over {len(rows)} classes",
            )
        yield from rows
