"""Trials: candidates drawn until the wanted number of generations was valid (ReGene, Table 2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from regene_bench.api import (
    Column,
    Evaluation,
    MethodError,
    Metric,
    Score,
    Skipped,
    expected_trials,
    share,
)

_PREFIX = "trials_"


class RejectionTrials(Metric):
    """Total and per-class trials of generators that judge their own candidates.

    Other generators have none, and their rows say so. ``trials_neutral`` has them for
    all. ReGene with ``pool=right`` combines no latent that its head gets wrong, so that
    ``trials_latent`` is the number of images by lemma 1, whatever the classifier is worth.
    """

    columns = (
        Column(
            "trials_latent", "lower", "trials", "candidates until enough passed in latent space"
        ),
        Column("trials_image", "lower", "trials", "candidates until enough passed in image space"),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score | Skipped]:
        labels = evaluation.generated.labels
        for column in self.columns:
            if column.name.removeprefix(_PREFIX) not in evaluation.trials:
                yield Skipped(column.name, "only of generators that judge their own candidates so")
        for kind, trials in evaluation.trials.items():
            name_of_column = f"{_PREFIX}{kind}"
            yield Score(name_of_column, float(trials.sum()), n_generated=len(labels))
            for label, name in enumerate(evaluation.data.class_names):
                of_class = trials[labels == label]
                if len(of_class):
                    yield Score(
                        name_of_column,
                        float(of_class.sum()),
                        class_name=name,
                        n_generated=len(of_class),
                    )


class NeutralTrials(Metric):
    """Generations needed until the neutral classifier accepts as many as were asked for.

    ReGene's Table 2 counts, per class, the candidates that were processed until N were valid by
    ReGene's own judges. Here the judge is the neutral classifier, which accepts an image that it
    takes for the class that was asked for, so that there is a number for every generator and for
    images from elsewhere. N is the number of images of the class in this run; with ``a`` of them
    accepted, the expected number of generations until N are is ``N / (a / N) = N² / a``.

    It is an estimate from the N images that were made, not a count of more that were: the ``std``
    is its standard error, and its bias upwards is of the order of ``1 / a`` of it. The total is
    the sum over the classes, as each must be filled. A class of which nothing was accepted has no
    finite number; then it and the total have no score. Candidates that a generator rejected
    itself are not in it: they are ``trials_latent`` and ``trials_image``.
    """

    extractors = ("neutral",)
    compares_features: ClassVar[bool] = False
    requires: ClassVar[tuple[str, ...]] = ("generate", "labels")
    columns = (
        Column(
            "trials_neutral",
            "lower",
            "trials",
            "generations until the neutral classifier accepts as many as were asked for",
        ),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score | Skipped]:
        logits = evaluation.generated_features("neutral").logits
        if logits is None:
            raise MethodError("The neutral classifier gave no logits.")
        card, labels = evaluation.card("neutral"), evaluation.generated.labels
        accepted = logits.argmax(dim=1) == labels
        shares = {
            name: share(accepted[labels == label])
            for label, name in enumerate(evaluation.data.class_names)
            if bool((labels == label).any())
        }
        trials = {name: expected_trials(found.n, found) for name, found in shares.items()}
        without = [name for name, found in trials.items() if found is None]
        finite = {name: found for name, found in trials.items() if found is not None}
        note = "estimated from the share that is accepted"
        if without:
            reason = f"nothing was accepted as {', '.join(without)}"
            yield Skipped("trials_neutral", reason)
            note += f"; no total, since {reason}"
        else:
            yield Score(
                "trials_neutral",
                sum(found.expected for found in finite.values()),
                std=sum(found.standard_error**2 for found in finite.values()) ** 0.5,
                n_generated=len(labels),
                card=card,
                note=note,
            )
        for name, found in finite.items():
            yield Score(
                "trials_neutral",
                found.expected,
                std=found.standard_error,
                class_name=name,
                n_generated=shares[name].n,
                card=card,
                note=note,
            )
