"""Trials: candidates drawn until the wanted number of generations was valid (ReGene, Table 2)."""

from __future__ import annotations

from collections.abc import Iterator

from regene_bench.api import Column, Evaluation, Metric, Score


class Trials(Metric):
    """Total and per-class trials of generators that judge their own candidates.

    Other generators have none: for them the rows are left out.
    """

    columns = (
        Column(
            "trials_latent", "lower", "trials", "candidates until enough passed in latent space"
        ),
        Column("trials_image", "lower", "trials", "candidates until enough passed in image space"),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        labels = evaluation.generated.labels
        for kind, trials in evaluation.trials.items():
            column = f"trials_{kind}"
            yield Score(column, float(trials.sum()), n_generated=len(labels))
            for label, name in enumerate(evaluation.data.class_names):
                of_class = trials[labels == label]
                if len(of_class):
                    yield Score(
                        column,
                        float(of_class.sum()),
                        class_name=name,
                        n_generated=len(of_class),
                    )
