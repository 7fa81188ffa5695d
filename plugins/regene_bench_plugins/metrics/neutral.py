"""What the neutral classifier says: accuracy on the asked labels, and Inception score."""

from __future__ import annotations

from collections.abc import Iterator

from regene_bench.api import Column, Evaluation, MethodError, Metric, Score, inception_score

_SPLITS = 10


class NeutralJudgement(Metric):
    """Accuracy (ReGene, section 6.1) and Inception score on the neutral classifier's posterior.

    Both are best where real held-out images have them: a generator passes real images only by
    making more typical ones, which is a loss of diversity and not a gain.
    """

    extractors = ("neutral",)
    columns = (
        Column("accuracy_neutral", "reference", summary="share classified as the asked label"),
        Column("is_neutral", "reference", summary="Inception score on the neutral classifier"),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        logits = evaluation.generated_features("neutral").logits
        if logits is None:
            raise MethodError("The neutral classifier gave no logits.")
        card = evaluation.card("neutral")
        labels = evaluation.generated.labels
        right = (logits.argmax(dim=1) == labels).double()
        yield Score("accuracy_neutral", float(right.mean()), n_generated=len(labels), card=card)
        for label, name in enumerate(evaluation.data.class_names):
            of_class = right[labels == label]
            if len(of_class):
                yield Score(
                    "accuracy_neutral",
                    float(of_class.mean()),
                    class_name=name,
                    n_generated=len(of_class),
                    card=card,
                )
        splits = min(_SPLITS, len(logits))
        mean, spread = inception_score(logits, splits=splits)
        yield Score("is_neutral", mean, std=spread, n_generated=len(logits), card=card)
