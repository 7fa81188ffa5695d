"""Whether generated images are as bright as real ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from regene_bench.api import Column, Evaluation, Metric, Score, to_float


class Brightness(Metric):
    """Absolute difference of the mean pixel, in units of [0, 1]."""

    requires: ClassVar[tuple[str, ...]] = ("generate",)
    columns = (Column("brightness", "lower", summary="difference of mean brightness"),)

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        generated, real = evaluation.generated, evaluation.real()
        means = [float(to_float(side.images).double().mean()) for side in (generated, real)]
        yield Score(
            "brightness",
            abs(means[0] - means[1]),
            n_real=len(real),
            n_generated=len(generated),
            reference_split=evaluation.reference_split,
        )
