"""Quality over the noise dimension, with knee and real line (He, Fig. 1)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from pydantic import Field

from regene_bench.api import Exhibit, Figure, FigureConfig, MethodError, StudyView
from regene_bench_plugins.figures.drawing import colour, panels, tidy
from regene_bench_plugins.figures.knees import Knee, bootstrapped_knee, knee_draws
from regene_bench_plugins.figures.score_table import interval

_PARAMETER = "noise_dim"

Curves = Mapping[str, Mapping[float, Sequence[float]]]


class NoiseDimensionConfig(FigureConfig):
    """What is drawn.

    Attributes:
        columns: Columns of the leaderboard; the knee is sought in those that fall.
        falling: Columns in which less is better.
        reference: The method whose mean is the level line.
    """

    columns: list[str] = Field(min_length=1)
    falling: list[str] = Field(default=["fid", "fd_efficientnet_lite0"])
    reference: str = "real"


class NoiseDimension(Figure):
    """A panel a score, a line and a band a method; a table of knees."""

    Config = NoiseDimensionConfig
    config: NoiseDimensionConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """A drawing and a table of knees a benchmark.

        Raises:
            MethodError: No run has a noise dimension.
        """
        for view in views:
            found = {column: scores_by_place(view, column) for column in self.config.columns}
            columns = [column for column in self.config.columns if found[column]]
            if not columns:
                raise MethodError(f"No run on {view.name} has the parameter {_PARAMETER!r}.")
            knees = {
                column: self._knees(view, found[column])
                for column in columns
                if column in self.config.falling
            }
            yield self._drawn(view, {column: found[column] for column in columns}, knees)
            yield self._table(view, found, knees)

    def _knees(self, view: StudyView, curves: Curves) -> dict[str, Knee]:
        return {
            method: bootstrapped_knee(scores, view.runtime.derive_seed("knee", method))
            for method, scores in curves.items()
        }

    def _drawn(
        self, view: StudyView, found: Mapping[str, Curves], knees: Mapping[str, Mapping[str, Knee]]
    ) -> Exhibit:
        drawing, (axes,) = panels(1, len(found), width=4.2, height=3.2)
        data: dict[str, list[object]] = {
            key: [] for key in ("score", "method", _PARAMETER, "mean", "half_width", "seeds")
        }
        for panel, (column, curves) in zip(axes, found.items(), strict=True):
            for k, (method, scores) in enumerate(curves.items()):
                places = sorted(scores)
                points = [interval(scores[place]) for place in places]
                _line(panel, places, points, colour(k), method)
                _dots(panel, scores, colour(k))
                knee = knees.get(column, {}).get(method)
                if knee is not None:
                    _mark(panel, knee, colour(k))
                data["score"] += [column] * len(places)
                data["method"] += [method] * len(places)
                data[_PARAMETER] += places
                data["mean"] += [mean for mean, _ in points]
                data["half_width"] += [spread for _, spread in points]
                data["seeds"] += [len(scores[place]) for place in places]
            level = self._level(view, column)
            if level is not None:
                panel.axhline(level, color="red", linewidth=1, label=self.config.reference)
            _frame(panel, curves, level)
            panel.set_xlabel("noise dimension")
            panel.set_ylabel(column)
            tidy(panel).legend(fontsize="x-small")
        caption = (
            f"Scores on {view.name} over the noise dimension: seeds as dots, their mean as a line, "
            "its 95 % interval as a band (cut where it leaves the dots far behind), knees dotted "
            "with their bootstrap interval shaded, real images in red."
        )
        return Exhibit(f"noise-dim-{view.name}", caption, data, drawing)

    def _level(self, view: StudyView, column: str) -> float | None:
        runs = [run for run in view.runs if run.method == self.config.reference]
        values = [value for run in runs if (value := run.value(column)) is not None]
        return sum(values) / len(values) if values else None

    def _table(
        self, view: StudyView, found: Mapping[str, Curves], knees: Mapping[str, Mapping[str, Knee]]
    ) -> Exhibit:
        rows: list[tuple[str, str, float | None, float | None, float | None, float | None]] = []
        for column, by_method in knees.items():
            for method, knee in by_method.items():
                low, high = knee.interval or (None, None)
                rows.append((column, method, knee.place, low, high, knee.found))
            for one, other in itertools.combinations(by_method, 2):
                rows.append(self._difference(view, column, found[column], by_method, one, other))
        for number in view.reported:
            if number.metric == "knee_noise_dim":
                rows.append(
                    (f"reported, {number.where}", number.method, number.value, None, None, None)
                )
        names = ("score", "method", "knee", "low", "high", "bootstrap_share")
        caption = (
            f"Knees of the curves on {view.name} by Kneedle, with 95 % intervals by bootstrap over "
            "seeds; a difference tells how many noise dimensions the label stands for."
        )
        data = {name: [row[i] for row in rows] for i, name in enumerate(names)}
        return Exhibit(f"knees-{view.name}", caption, data)

    def _difference(
        self,
        view: StudyView,
        column: str,
        curves: Curves,
        knees: Mapping[str, Knee],
        one: str,
        other: str,
    ) -> tuple[str, str, float | None, float | None, float | None, float | None]:
        label = f"{other} minus {one}"
        first, second = knees[one].place, knees[other].place
        place = None if first is None or second is None else second - first
        draws = [
            knee_draws(curves[method], view.runtime.derive_seed("knee", method))
            for method in (one, other)
        ]
        if draws[0] is None or draws[1] is None:
            return column, label, place, None, None, None
        differences = draws[1] - draws[0]
        known = differences[np.isfinite(differences)]
        if not len(known):
            return column, label, place, None, None, 0.0
        low, high = np.percentile(known, [2.5, 97.5])
        return column, label, place, float(low), float(high), len(known) / len(differences)


def scores_by_place(view: StudyView, column: str) -> dict[str, dict[float, list[float]]]:
    """Scores by method and noise dimension, one a seed."""
    curves: dict[str, dict[float, list[float]]] = {}
    for run in view.runs:
        place, value = run.params.get(_PARAMETER), run.value(column)
        if isinstance(place, int) and value is not None:
            curves.setdefault(run.method, {}).setdefault(float(place), []).append(value)
    return curves


def _line(
    panel: Axes,
    places: Sequence[float],
    points: Sequence[tuple[float, float | None]],
    tint: str,
    label: str,
) -> None:
    panel.plot(places, [mean for mean, _ in points], "o-", markersize=3, color=tint, label=label)
    low = [mean - (spread or 0.0) for mean, spread in points]
    high = [mean + (spread or 0.0) for mean, spread in points]
    panel.fill_between(places, low, high, color=tint, alpha=0.2, linewidth=0)


def _dots(panel: Axes, scores: Mapping[float, Sequence[float]], tint: str) -> None:
    places = [place for place, values in scores.items() for _ in values]
    values = [value for values in scores.values() for value in values]
    panel.plot(places, values, "o", markersize=3, color=tint, alpha=0.4, markeredgewidth=0)


def _frame(panel: Axes, curves: Curves, level: float | None) -> None:
    """Ticks where there are models, and room for the dots, which a band of two seeds dwarfs."""
    places = sorted({place for scores in curves.values() for place in scores})
    values = [v for scores in curves.values() for own in scores.values() for v in own]
    values += [] if level is None else [level]
    room = 0.15 * (max(values) - min(values)) or 1.0
    panel.set_ylim(min(values) - room, max(values) + room)
    panel.set_xscale("symlog", base=2, linthresh=1)
    panel.set_xlim(min(places) - 0.3, max(places) * 1.3 + 0.3)
    ticks = [place for place in places if place == 0 or math.log2(place).is_integer()]
    panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    panel.minorticks_off()


def _mark(panel: Axes, knee: Knee, tint: str) -> None:
    if knee.place is not None:
        panel.axvline(knee.place, color=tint, linestyle=":", linewidth=1)
    if knee.interval is not None:
        panel.axvspan(*knee.interval, color=tint, alpha=0.08, linewidth=0)
