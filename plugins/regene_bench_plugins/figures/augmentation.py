"""Accuracy of classifiers over the share of generations in their training (ReGene, Fig. 17)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import torch
from matplotlib.axes import Axes
from pydantic import Field, field_validator
from torch import Tensor

from regene_bench.api import (
    DeviceImages,
    Exhibit,
    Figure,
    FigureConfig,
    FinishedRun,
    MethodError,
    StudyView,
    share,
)
from regene_bench_plugins.figures.drawing import REPORTED, colour, panels, tidy
from regene_bench_plugins.figures.own_classifier import (
    images_seen_by_classifier,
    right_by_own_classifier,
)
from regene_bench_plugins.metrics.classification_accuracy_score import correct_after_training_on
from regene_bench_plugins.metrics.image_sets import joined, subset_per_class_like

# What the paper's text says, and where along the axis it says it.
_REPORTED = {"accuracy_of_originals": 0, "accuracy_of_originals_and_generations": 100}
# The paper's dots: no originals, originals alone, all of both.
_DOTS = {
    -100: ("#d62728", "generations alone"),
    0: ("#1f77b4", "originals alone"),
    100: ("#2ca02c", "all of both"),
}
_NAMES = (
    *("method", "generations_percent", "originals", "generations", "images_seen"),
    *("accuracy", "standard_error", "from"),
)
Row = tuple[str, int, int | None, int | None, int | None, float, float | None, str]


class AugmentationCurveConfig(FigureConfig):
    """What classifiers are trained on.

    Attributes:
        percentages: Below 0: so much of the originals is replaced by generations. Above 0: so many
            generations are added to all originals.
        originals: What 100 % are: as many training images as the run has generations
            (``as_generated``), or ``all``, for which as many images are generated anew.
        classifier: Who learns: a ``small`` residual network, or the run's ``own`` kind of
            classifier, trained from scratch as the run trained it.
        passes: How often the small network sees as many images as there are originals; the own one
            sees as many as in its run. It is the same number of images for all percentages.
    """

    percentages: list[int] = Field(default=[-100, -50, 0, 50, 100], min_length=2)
    originals: Literal["as_generated", "all"] = "as_generated"
    classifier: Literal["small", "own"] = "small"
    passes: float = Field(default=6.0, gt=0)

    @field_validator("percentages")
    @classmethod
    def _within_bounds(cls, values: list[int]) -> list[int]:
        if any(not -100 <= value <= 100 for value in values):
            raise ValueError("percentages lie between -100 and 100")
        return sorted(set(values))


class AugmentationCurve(Figure):
    """Left of the middle generations replace originals; right of it they are added to them.

    At the left end there are no originals, in the middle no generations, at the right end all of
    both; the three are coloured as in the paper.
    """

    Config = AugmentationCurveConfig
    config: AugmentationCurveConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark.

        Raises:
            MethodError: A benchmark generates one class alone.
        """
        for view in views:
            rows = [row for run in view.first_of("regene") for row in self._measured(view, run)]
            reported = [
                (number.method, _REPORTED[number.metric], None, None, None, number.value, None, w)
                for number in view.reported
                if number.metric in _REPORTED
                for w in (f"{number.source.partition(',')[0]}, {number.where}",)
            ]
            drawing, ((panel,),) = panels(1, 1, width=6.4, height=3.8)
            _lines(panel, rows)
            _reported_dots(panel, reported)
            originals = max(row[2] or 0 for row in rows)
            _axes(panel, sorted({row[1] for row in rows}), originals)
            data = {name: [row[i] for row in (*rows, *reported)] for i, name in enumerate(_NAMES)}
            yield Exhibit(
                f"augmentation-{view.name}", self._caption(view, rows, reported), data, drawing
            )

    def _caption(self, view: StudyView, rows: Sequence[Row], reported: Sequence[Row]) -> str:
        learner = (
            "a residual network of 8 layers"
            if self.config.classifier == "small"
            else "the run's own kind of classifier, trained from scratch"
        )
        seen = f"{max(row[4] or 0 for row in rows):,}"
        others = " Crosses: what the paper reports." if reported else ""
        return (
            f"Accuracy on {len(view.data.test_generated()):,} test images of {view.name} of "
            "classifiers of "
            f"originals and generations; 100 % are {max(row[2] or 0 for row in rows):,} images. "
            "Left of the middle generations replace originals, right of it they are added to all. "
            f"Each classifier ({learner}) sees {seen} images, repetitions counted. The bars are "
            f"95 % intervals of the test alone.{others}"
        )

    def _measured(self, view: StudyView, run: FinishedRun) -> Iterator[Row]:
        originals, generated = self._sides(view, run)
        seen = (
            round(self.config.passes * len(originals))
            if self.config.classifier == "small"
            else images_seen_by_classifier(view, run)
        )
        for percent in self.config.percentages:
            kept = _first_of_each_class(originals, 1 - max(0, -percent) / 100)
            added = _first_of_each_class(generated, abs(percent) / 100)
            found = share(self._right(view, run, joined(kept, added), seen))
            counts = len(kept), len(added), seen
            yield run.label, percent, *counts, found.value, found.standard_error, "measured"

    def _sides(self, view: StudyView, run: FinishedRun) -> tuple[DeviceImages, DeviceImages]:
        """Originals and as many generations of the same classes."""
        if len(view.data.generated_labels) < 2:
            raise MethodError(
                f"{view.name}: a classifier cannot learn from images of one class.",
                hint="Leave this benchmark out of the study, or have its protocol generate two "
                "classes or more (evaluation.generate_classes).",
            )
        train = view.data.train_generated()
        if self.config.originals == "all":
            order = torch.argsort(train.labels, stable=True)
            return train.subset(order), run.generated_for(train.labels[order])
        generated = run.evaluation.generated
        return subset_per_class_like(generated.labels, train, view.data.fingerprint), generated

    def _right(
        self, view: StudyView, run: FinishedRun, training: DeviceImages, seen: int
    ) -> Tensor:
        if self.config.classifier == "own":
            return right_by_own_classifier(view, run, training, seen)
        return correct_after_training_on(
            training, view.data.test_generated(), view.data, seen, run.runtime
        )


def _lines(panel: Axes, rows: Sequence[Row]) -> None:
    for k, method in enumerate(dict.fromkeys(row[0] for row in rows)):
        own = sorted((row for row in rows if row[0] == method), key=lambda row: row[1])
        panel.errorbar(
            [row[1] for row in own],
            [row[5] for row in own],
            yerr=[1.96 * (row[6] or 0.0) for row in own],
            fmt="o-",
            markersize=4,
            capsize=2,
            color=colour(k) if k else "#777777",
            label=method,
        )
    for percent, (tint, label) in _DOTS.items():
        found = [row[5] for row in rows if row[1] == percent]
        if found:
            places = [percent] * len(found)
            panel.plot(places, found, "o", markersize=8, color=tint, label=label, zorder=5)


def _reported_dots(panel: Axes, reported: Sequence[Row]) -> None:
    if reported:
        panel.plot(
            [row[1] for row in reported],
            [row[5] for row in reported],
            *("x",),
            markersize=8,
            markeredgewidth=2,
            color=REPORTED,
            label=f"reported: {', '.join(f'{row[5]:g}' for row in reported)}",
            zorder=6,
        )


def _axes(panel: Axes, percentages: Sequence[int], originals: int) -> None:
    panel.axvline(0, color="#999999", linewidth=0.8)
    labels = [f"{100 - max(0, -p)}\n{abs(p)}" for p in percentages]
    panel.set_xticks(percentages, labels, fontsize="small")
    panel.set_xlabel(
        f"originals [%] (upper) and generations [%] (lower) that are learned from\n"
        f"100 % are {originals:,} images",
        fontsize="small",
    )
    panel.set_ylabel("test accuracy")
    tidy(panel).legend(fontsize="x-small", loc="upper left", bbox_to_anchor=(1, 1))


def _first_of_each_class(images: DeviceImages, part: float) -> DeviceImages:
    """A part of the images of each class, rounded to whole images; its first ones."""
    classes = [images.of_class(label) for label in torch.unique(images.labels).tolist()]
    return images.subset(torch.cat([rows[: round(part * len(rows))] for rows in classes]))
