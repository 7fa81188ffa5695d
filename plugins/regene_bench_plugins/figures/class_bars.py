"""Bars a class, for scores that every class has: trials, accuracy."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from pydantic import Field

from regene_bench.api import Exhibit, Figure, FigureConfig, StudyView
from regene_bench_plugins.figures.drawing import REPORTED, colour, panels, tidy
from regene_bench_plugins.figures.score_table import grouped, interval

# One class this far above the others would press them flat on a linear axis.
_FAR_ABOVE = 10


class ClassBarsConfig(FigureConfig):
    """What the bars show.

    Attributes:
        name: Stem of the files; the benchmark's name follows.
        columns: Columns of the leaderboard with scores per class; one panel each.
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
    """One value; ``place`` is ``measured`` or where a paper prints it."""

    score: str
    label: str
    class_name: str
    value: float
    spread: float | None
    place: str


class ClassBars(Figure):
    """One drawing a benchmark, a panel a score, a group of bars a class."""

    Config = ClassBarsConfig
    config: ClassBarsConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One exhibit a benchmark that has any of the scores."""
        for view in views:
            bars = [*self._measured(view), *self._reported(view)]
            columns = [c for c in self.config.columns if any(bar.score == c for bar in bars)]
            if not columns:
                continue
            drawing, axes = panels(len(columns), 1, width=8.0, height=2.8)
            for column, (panel,) in zip(columns, axes, strict=True):
                self._panel(panel, column, [b for b in bars if b.score == column], view)
            per_image = " for each image that was wanted" if self.config.per_image else ""
            yield Exhibit(
                f"{self.config.name}-{view.name}",
                f"{', '.join(columns)}{per_image}, by class of {view.name}.",
                {
                    "score": [bar.score for bar in bars],
                    "method": [bar.label for bar in bars],
                    "class": [bar.class_name for bar in bars],
                    "value": [bar.value for bar in bars],
                    "half_width": [bar.spread for bar in bars],
                    "from": [bar.place for bar in bars],
                },
                drawing,
            )

    def _measured(self, view: StudyView) -> Iterator[_Bar]:
        for label, runs in grouped(view.runs).items():
            for column in self.config.columns:
                for name in view.data.class_names:
                    scores = [s for run in runs if (s := run.score(column, name)) is not None]
                    values = [
                        (s.value or 0.0) / ((s.n_generated or 1) if self.config.per_image else 1)
                        for s in scores
                    ]
                    if values:
                        yield _Bar(column, label, name, *interval(values), "measured")

    def _reported(self, view: StudyView) -> Iterator[_Bar]:
        for number in view.reported:
            wanted = number.metric in self.config.columns and number.where in self.config.reported
            if wanted and number.class_name is not None:
                value = number.value / ((number.n or 1) if self.config.per_image else 1)
                name = _class_name(number.class_name, view.data.class_names)
                yield _Bar(number.metric, number.method, name, value, number.std, number.where)

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
        told = [bar for bar in bars if bar.place != "measured"]
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
    return names[int(reported)] if reported.isdigit() and reported not in names else reported
