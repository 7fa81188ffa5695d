"""Accuracy of classifiers over the share of generations in their training (ReGene, Fig. 17)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from pydantic import Field, field_validator

from regene_bench.api import (
    DeviceImages,
    Exhibit,
    Figure,
    FigureConfig,
    FinishedRun,
    StudyView,
    share,
)
from regene_bench_plugins.figures.drawing import colour, panels, tidy
from regene_bench_plugins.metrics.classification_accuracy_score import correct_after_training_on
from regene_bench_plugins.metrics.image_sets import joined, subset_per_class_like


class AugmentationCurveConfig(FigureConfig):
    """What classifiers are trained on.

    Attributes:
        percentages: Below 0: so much of the originals is replaced by generations. Above 0: so many
            generations are added to all originals.
        passes: How often a classifier sees as many images as there are originals; the same number
            of images for all.
    """

    percentages: list[int] = Field(default=[-100, -50, 0, 50, 100], min_length=2)
    passes: float = Field(default=6.0, gt=0)

    @field_validator("percentages")
    @classmethod
    def _within_bounds(cls, values: list[int]) -> list[int]:
        if any(not -100 <= value <= 100 for value in values):
            raise ValueError("percentages lie between -100 and 100")
        return sorted(set(values))


class AugmentationCurve(Figure):
    """Left of the middle generations replace originals; right of it they are added to them.

    There are as many originals as the run has generations, so that 100 % is all of either.
    """

    Config = AugmentationCurveConfig
    config: AugmentationCurveConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark."""
        for view in views:
            rows = [row for run in view.first_of("regene") for row in self._measured(view, run)]
            drawing, ((panel,),) = panels(1, 1, width=5.5, height=3.4)
            for k, method in enumerate(dict.fromkeys(row[0] for row in rows)):
                own = sorted((row for row in rows if row[0] == method), key=lambda row: row[1])
                panel.errorbar(
                    [row[1] for row in own],
                    [row[4] for row in own],
                    yerr=[1.96 * row[5] for row in own],
                    fmt="o-",
                    capsize=2,
                    color=colour(k),
                    label=method,
                )
            panel.axvline(0, color="#999999", linewidth=0.8)
            panel.set_xlabel(
                "originals replaced by generations [%]   |   generations added to originals [%]"
            )
            panel.set_ylabel("test accuracy")
            panel.set_xticks([row[1] for row in rows], [str(abs(row[1])) for row in rows])
            tidy(panel).legend(fontsize="x-small")
            names = (
                *("method", "generations_percent", "originals", "generations"),
                *("accuracy", "standard_error"),
            )
            data = {name: [row[i] for row in rows] for i, name in enumerate(names)}
            caption = (
                f"Test accuracy on {view.name} of classifiers of originals and generations. "
                "Negative percentages: that share of the originals is replaced by generations; "
                "positive: that share is added. The bars are 95 % intervals of the test alone."
            )
            yield Exhibit(f"augmentation-{view.name}", caption, data, drawing)

    def _measured(
        self, view: StudyView, run: FinishedRun
    ) -> Iterator[tuple[str, int, int, int, float, float]]:
        generated = run.evaluation.generated
        originals = subset_per_class_like(generated.labels, view.data.train, view.data.fingerprint)
        seen = round(self.config.passes * len(originals))
        for percent in self.config.percentages:
            kept = _first_of_each_class(originals, 1 - max(0, -percent) / 100)
            added = _first_of_each_class(generated, abs(percent) / 100)
            right = correct_after_training_on(
                joined(kept, added), view.data.test_generated(), view.data, seen, run.runtime
            )
            found = share(right)
            counts = len(kept), len(added)
            yield run.label, percent, *counts, found.value, found.standard_error


def _first_of_each_class(images: DeviceImages, part: float) -> DeviceImages:
    """A part of the images of each class, rounded to whole images; its first ones."""
    classes = [images.of_class(label) for label in torch.unique(images.labels).tolist()]
    return images.subset(torch.cat([rows[: round(part * len(rows))] for rows in classes]))
