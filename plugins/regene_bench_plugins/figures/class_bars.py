"""Bars a class, for scores that every class has: trials, accuracy."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from pydantic import Field

from regene_bench.api import (
    Exhibit,
    Figure,
    FigureConfig,
    Measure,
    StudyView,
    column_of_reported,
    measures_of,
)
from regene_bench.data.readers import labels_of_integers
from regene_bench_plugins.figures.drawing import REPORTED, colour, panels, tidy
from regene_bench_plugins.figures.run_groups import over_seeds, runs_by_label

# One class this far above the others would press them flat on a linear axis.
_FAR_ABOVE = 10


class ClassBarsConfig(FigureConfig):
    """What the bars show.

    Attributes:
        name: Stem of the files; the benchmark's name follows.
        columns: Columns of the leaderboard with scores per class; one panel each, and one for each
            extractor that a column was measured on.
        per_image: Divide each value by the number of images that it is for, so that counts for
            different numbers of images compare.
        reported: Tables of papers whose numbers stand beside.
    """

    name: str = "classes"
    columns: list[str] = Field(min_length=1)
    per_image: bool = False
    reported: list[str] = Field(default_factory=list)


@dataclass(frozen=True)
class _Bar:
    """One value; ``place`` is ``measured`` or where a paper prints it.

    ``spread`` is half of an interval over seeds, ``reported_std`` what a paper gives as ±.
    """

    score: str
    extractor: str | None
    label: str
    class_name: str
    value: float
    spread: float | None
    reported_std: float | None
    place: str


class ClassBars(Figure):
    """One drawing a benchmark, a panel a score, a group of bars a class."""

    Config = ClassBarsConfig
    config: ClassBarsConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One exhibit a benchmark that has any of the scores."""
        for view in views:
            bars = [bar for column in self.config.columns for bar in self._of_column(view, column)]
            scores = list(dict.fromkeys(bar.score for bar in bars))
            if not scores:
                continue
            drawing, axes = panels(len(scores), 1, width=8.0, height=2.8)
            for score, (panel,) in zip(scores, axes, strict=True):
                self._panel(panel, score, [b for b in bars if b.score == score], view)
            yield Exhibit(
                f"{self.config.name}-{view.name}",
                self._caption(view, scores, bars),
                {
                    "score": [bar.score for bar in bars],
                    "extractor": [bar.extractor for bar in bars],
                    "method": [bar.label for bar in bars],
                    "class": [bar.class_name for bar in bars],
                    "value": [bar.value for bar in bars],
                    "half_width": [bar.spread for bar in bars],
                    "reported_std": [bar.reported_std for bar in bars],
                    "from": [bar.place for bar in bars],
                },
                drawing,
            )

    def _caption(self, view: StudyView, scores: Sequence[str], bars: Sequence[_Bar]) -> str:
        """What is drawn, and of that only what is there."""
        per_image = " for each image that was wanted" if self.config.per_image else ""
        told = [f"{', '.join(scores)}{per_image}, by class of {view.name}."]
        if any(bar.spread is not None for bar in bars):
            told.append("Bars are means over seeds, lines 95 % intervals.")
        if places := dict.fromkeys(bar.place for bar in bars if bar.place != "measured"):
            told.append(f"Diamonds are reported ({', '.join(places)}).")
        return " ".join(told)

    def _of_column(self, view: StudyView, column: str) -> Iterator[_Bar]:
        labels = measures_of([view], column, per_class=True)
        for measure, score in labels.items():
            yield from self._measured(view, measure, score)
        yield from self._reported(view, column, column_of_reported(column, labels))

    def _measured(self, view: StudyView, measure: Measure, score: str) -> Iterator[_Bar]:
        for label, runs in runs_by_label(view.runs).items():
            for name in view.data.class_names:
                mean, spread = over_seeds(runs, measure, name, per_image=self.config.per_image)
                if mean is not None:
                    yield _Bar(
                        score, measure.extractor, label, name, mean, spread, None, "measured"
                    )

    def _reported(self, view: StudyView, column: str, score: str) -> Iterator[_Bar]:
        for number in view.reported:
            if number.metric != column or number.where not in self.config.reported:
                continue
            images = number.n if self.config.per_image else 1
            # Without the number of images a count says nothing for each of them.
            if number.class_name is None or images is None:
                continue
            std = None if number.std is None else number.std / images
            name = _class_name(number.class_name, view.data.class_names)
            value = number.value / images
            yield _Bar(score, None, number.method, name, value, None, std, number.where)

    def _panel(self, panel: Axes, column: str, bars: Sequence[_Bar], view: StudyView) -> None:
        names = list(view.data.class_names)
        labels = list(dict.fromkeys(bar.label for bar in bars if bar.place == "measured"))
        width = 0.8 / max(1, len(labels))
        for k, label in enumerate(labels):
            own = [bar for bar in bars if bar.label == label and bar.place == "measured"]
            places = [names.index(bar.class_name) + (k + 0.5) * width - 0.4 for bar in own]
            panel.bar(places, [bar.value for bar in own], width, color=colour(k), label=label)
            spread = [bar for bar in own if bar.spread is not None]
            if spread:
                at = [places[own.index(bar)] for bar in spread]
                values, halves = [bar.value for bar in spread], [bar.spread or 0 for bar in spread]
                panel.errorbar(at, values, yerr=halves, fmt="none", ecolor="black", capsize=2)
        told = [bar for bar in bars if bar.place != "measured" and bar.class_name in names]
        if told:
            places = [names.index(bar.class_name) for bar in told]
            panel.plot(
                places,
                [bar.value for bar in told],
                "D",
                color=REPORTED,
                markerfacecolor="none",
                label="reported",
            )
        heights = [bar.value for bar in bars if bar.value > 0]
        if heights and max(heights) > _FAR_ABOVE * statistics.median(heights):
            panel.set_yscale("log")
        panel.set_xticks(range(len(names)), names, rotation=30, ha="right")
        panel.set_ylabel(f"{column} / image" if self.config.per_image else column)
        tidy(panel).legend(fontsize="x-small", loc="upper left", bbox_to_anchor=(1, 1))


def _class_name(reported: str, names: Sequence[str]) -> str:
    """Papers number classes where ours have names."""
    if reported in names or not reported.isdecimal():
        return reported
    label = int(labels_of_integers(np.array([int(reported)]), names)[0])
    return names[label] if label >= 0 else reported
