"""What the neutral classifier says: accuracy on the asked labels, and Inception score."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from torch import Tensor

from regene_bench.api import (
    Column,
    Evaluation,
    ExtractorCard,
    MethodError,
    Metric,
    Score,
    Skipped,
    share,
)
from regene_bench_plugins.metrics.inception_score import score_of_logits


class NeutralClassifierScores(Metric):
    """Accuracy (ReGene, section 6.1) and Inception score on the neutral classifier's posterior.

    ``accuracy_neutral`` is the share of images that the classifier takes for the class that was
    asked for, overall and per class, with its binomial standard error and its 95 % interval after
    Wilson (1927). It has no bias by the number of images. ``is_neutral`` is the
    Inception score (Salimans et al. 2016), which grows with the number of images.

    Both are best where real held-out images have them: a generator passes real images only by
    making more typical ones, which is a loss of diversity and not a gain. Images without labels
    have an Inception score only.
    """

    extractors = ("neutral",)
    compares_features: ClassVar[bool] = False
    columns = (
        Column("accuracy_neutral", "reference", summary="share classified as the asked label"),
        Column("is_neutral", "reference", summary="Inception score on the neutral classifier"),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score | Skipped]:
        logits = evaluation.generated_features("neutral").logits
        if logits is None:
            raise MethodError("The neutral classifier gave no logits.")
        card = evaluation.card("neutral")
        if evaluation.labelled:
            labels = evaluation.generated.labels
            right = logits.argmax(dim=1) == labels
            yield _accuracy(right, card, None)
            for label, name in enumerate(evaluation.data.class_names):
                of_class = right[labels == label]
                if len(of_class):
                    yield _accuracy(of_class, card, name)
        else:
            yield Skipped("accuracy_neutral", "the samples have no labels")
        yield score_of_logits("is_neutral", logits, evaluation, card)


def _accuracy(right: Tensor, card: ExtractorCard, class_name: str | None) -> Score:
    found = share(right)
    return Score(
        "accuracy_neutral",
        found.value,
        std=found.standard_error,
        class_name=class_name,
        n_generated=found.n,
        card=card,
        interval=found.interval,
    )
