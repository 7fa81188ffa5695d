"""Accuracies by a model's own classifier: of held-out images, and of what the model generates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor

from regene_bench.api import Column, DeviceImages, Evaluation, Metric, Score, share

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
        test = evaluation.data.test
        found = share(_right(evaluation, test))
        yield Score(
            "accuracy_classifier",
            found.value,
            std=found.standard_error,
            n_real=len(test),
            reference_split="test",
        )


class OwnGenerationsAccuracy(Metric):
    """Share of generations that the model's own classifier takes for the class asked for.

    Fig. 16 of Gopalakrishnan et al. 2022 judges generations by the classifier that they come from.
    That classifier has chosen them, where it judges (ReGene): what it misses here is what rounding
    to 8 bits has changed, unless it judged by less than the wanted class. ``accuracy_neutral`` is
    the judgement of a network that had no part in it.
    """

    requires: ClassVar[tuple[str, ...]] = ("generate", "labels", "classify")
    columns = (
        Column(
            "accuracy_own", "higher", summary="generations that the model's own classifier accepts"
        ),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        generated = evaluation.generated
        right = _right(evaluation, generated)
        chosen: dict[str | None, Tensor] = {None: torch.ones_like(right)}
        for label, name in enumerate(evaluation.data.class_names):
            chosen[name] = generated.labels == label
        for of_class, rows in chosen.items():
            if not bool(rows.any()):
                continue
            found = share(right[rows])
            yield Score(
                "accuracy_own",
                found.value,
                std=found.standard_error,
                class_name=of_class,
                n_generated=found.n,
            )


def _right(evaluation: Evaluation, images: DeviceImages) -> Tensor:
    """Whether the model's classifier puts each image in its class, bool ``[N]``."""
    right = []
    with torch.inference_mode():
        for part, labels in images.chunks(_CHUNK):
            evaluation.runtime.stop.check()
            right.append(evaluation.model.classify(part).argmax(1) == labels)  # type: ignore[attr-defined]
    return torch.cat(right)
