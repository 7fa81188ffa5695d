"""Test accuracy of a model's own classifier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import torch

from regene_bench.api import Column, Evaluation, Metric, Score, share

_CHUNK = 256


class OwnClassifierAccuracy(Metric):
    """Share of held-out images that the model's own classifier puts in their class.

    Table 1 of Gopalakrishnan et al. 2022 sets it against the reconstruction error: a better
    classifier throws away more of what a decoder needs.
    """

    requires: ClassVar[tuple[str, ...]] = ("classify",)
    columns = (
        Column("accuracy_classifier", "higher", summary="test accuracy of the model's classifier"),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        test, right = evaluation.data.test, []
        with torch.inference_mode():
            for images, labels in test.chunks(_CHUNK):
                evaluation.runtime.stop.check()
                right.append(evaluation.model.classify(images).argmax(1) == labels)  # type: ignore[attr-defined]
        found = share(torch.cat(right))
        yield Score(
            "accuracy_classifier",
            found.value,
            std=found.standard_error,
            n_real=len(test),
            reference_split="test",
        )
