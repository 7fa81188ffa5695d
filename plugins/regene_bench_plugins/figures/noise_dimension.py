"""Quality over the noise dimension, with knee and real line (He, Fig. 1)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from pydantic import Field

from regene_bench.api import (
    Exhibit,
    Figure,
    FigureConfig,
    Measure,
    MethodError,
    StudyView,
    measures_of,
)
from regene_bench_plugins.figures.drawing import colour, panels, tidy
from regene_bench_plugins.figures.knees import (
    Knee,
    bend_draws,
    interval_of,
    knee_draws,
    knee_over_seeds,
)
from regene_bench_plugins.figures.run_groups import mean_and_half_width, over_seeds, runs_by_line

_PARAMETER = "noise_dim"

Curves = Mapping[str, Mapping[float, Sequence[float]]]
_KNEE_COLUMNS = (
    "score", "extractor", "method", "knee", "low", "high", "bootstrap_share",
    "bend", "bend_low", "bend_high", "chance_of_fall", "chance_of_bend", "note",
)  # fmt: skip


class NoiseDimensionConfig(FigureConfig):
    """What is drawn.

    Attributes:
        columns: Columns of the leaderboard; the knee is sought in those that fall. One that was
            measured on several extractors has a panel for each.
        falling: Columns in which less is better.
        reference: The method whose mean is the level line.
    """

    columns: list[str] = Field(min_length=1)
    falling: list[str] = Field(default=["fid", "fd_efficientnet_lite0"])
    reference: str = "real"


@dataclass(frozen=True)
class _Measured:
    """One panel: a measure's curves, their knees if they fall, and the reference's levels."""

    label: str
    extractor: str | None
    curves: Curves
    knees: Mapping[str, Knee]
    levels: Mapping[str, float]


class NoiseDimension(Figure):
    """A panel a score, a line and a band a method; a table of knees.

    Runs that differ in more than noise dimension and seed lie on lines of their own.
    """

    Config = NoiseDimensionConfig
    config: NoiseDimensionConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """A drawing and a table of knees a benchmark.

        Raises:
            MethodError: No run has a noise dimension.
        """
        for view in views:
            found = [one for column in self.config.columns for one in self._measured(view, column)]
            if not found:
                raise MethodError(f"No run on {view.name} has the parameter {_PARAMETER!r}.")
            yield self._drawn(view, found)
            yield self._table(view, found)

    def _measured(self, view: StudyView, column: str) -> Iterator[_Measured]:
        falls = column in self.config.falling
        for measure, label in measures_of([view], column).items():
            curves = scores_by_place(view, measure)
            if curves:
                knees = self._knees(view, curves) if falls else {}
                levels = self._levels(view, measure)
                yield _Measured(label, measure.extractor, curves, knees, levels)

    def _knees(self, view: StudyView, curves: Curves) -> dict[str, Knee]:
        return {
            method: knee_over_seeds(scores, view.runtime.derive_seed("knee", method))
            for method, scores in curves.items()
        }

    def _drawn(self, view: StudyView, found: Sequence[_Measured]) -> Exhibit:
        drawing, (axes,) = panels(1, len(found), width=4.2, height=3.2)
        names = ("score", "extractor", "method", _PARAMETER, "mean", "half_width", "seeds")
        data: dict[str, list[object]] = {key: [] for key in names}
        for panel, one in zip(axes, found, strict=True):
            for k, (method, scores) in enumerate(one.curves.items()):
                places = sorted(scores)
                points = [mean_and_half_width(scores[place]) for place in places]
                knee = one.knees.get(method)
                label = method if knee is None or not knee.note else f"{method} (no knee)"
                _line(panel, places, points, colour(k), label)
                _dots(panel, scores, colour(k))
                if knee is not None:
                    _mark(panel, knee, colour(k))
                data["score"] += [one.label] * len(places)
                data["extractor"] += [one.extractor] * len(places)
                data["method"] += [method] * len(places)
                data[_PARAMETER] += places
                data["mean"] += [mean for mean, _ in points]
                data["half_width"] += [spread for _, spread in points]
                data["seeds"] += [len(scores[place]) for place in places]
            for method, level in one.levels.items():
                panel.axhline(level, color="red", linewidth=1, label=method)
            _frame(panel, one.curves, list(one.levels.values()))
            panel.set_xlabel("noise dimension")
            panel.set_ylabel(one.label)
            tidy(panel).legend(fontsize="x-small")
        return Exhibit(f"noise-dim-{view.name}", _caption(view.name, found), data, drawing)

    def _levels(self, view: StudyView, measure: Measure) -> dict[str, float]:
        runs = [run for run in view.runs if run.method == self.config.reference]
        means = {
            label: over_seeds(own, measure)[0]
            for label, own in runs_by_line(runs, _PARAMETER).items()
        }
        return {label: mean for label, mean in means.items() if mean is not None}

    def _table(self, view: StudyView, found: Sequence[_Measured]) -> Exhibit:
        rows: list[dict[str, object]] = []
        for one in found:
            of = {"score": one.label, "extractor": one.extractor}
            rows += [of | {"method": name} | _told(knee) for name, knee in one.knees.items()]
            for pair in itertools.combinations(one.knees, 2):
                rows.append(of | self._difference(view, one, *pair))
        for number in view.reported:
            if number.metric == "knee_noise_dim":
                of = {"score": f"reported, {number.where}", "method": number.method}
                rows.append(of | {"knee": number.value})
        caption = (
            f"Knees of the curves on {view.name} by Kneedle, and the bends of two joined straight "
            "lines, both over ranked dimensions, with 95 % intervals by bootstrap over seeds; none "
            "where the curve does not fall, or does not bend upwards, by more than its noise "
            "(permutation tests at 5 %). A difference tells how many noise dimensions the label "
            "stands for."
        )
        data = {name: [row.get(name) for row in rows] for name in _KNEE_COLUMNS}
        return Exhibit(f"knees-{view.name}", caption, data)

    def _difference(
        self, view: StudyView, of: _Measured, one: str, other: str
    ) -> dict[str, object]:
        label = f"{other} minus {one}"
        first, second = of.knees[one], of.knees[other]
        without = [name for name, knee in ((one, first), (other, second)) if knee.note]
        if without:
            return {"method": label, "note": f"no knee of {' and '.join(without)}"}
        draws: list[np.ndarray | None] = []
        for drawn in (knee_draws, bend_draws):
            before, after = (
                drawn(of.curves[name], view.runtime.derive_seed("knee", name))
                for name in (one, other)
            )
            draws.append(None if before is None or after is None else after - before)
        known = None if draws[0] is None else np.isfinite(draws[0])
        return {"method": label} | _told(
            Knee(
                place=_minus(second.place, first.place),
                interval=interval_of(draws[0]),
                found=None if known is None else float(known.mean()),
                bend=_minus(second.bend, first.bend),
                bend_interval=interval_of(draws[1]),
            )
        )


def _caption(name: str, found: Sequence[_Measured]) -> str:
    """Only of what the drawing has: bands need two seeds, knees a fall, the red line its runs."""
    most = max(
        len(own) for one in found for scores in one.curves.values() for own in scores.values()
    )
    told = [f"Scores on {name} over the noise dimension"]
    if most > 1:
        told.append(
            f"up to {most} seeds as dots, their mean as a line, its 95 % interval as a band (cut "
            "where it leaves the dots far behind)"
        )
    else:
        told.append("one seed a place")
    knees = [knee for one in found for knee in one.knees.values()]
    if any(knee.place is not None for knee in knees):
        told.append("knees dotted, with their bootstrap interval shaded")
    elif knees and all(knee.note for knee in knees):
        told.append("no curve falls and bends by more than its noise, so that none has a knee")
    elif any(knee.bend is not None for knee in knees):
        told.append("no knee was found by Kneedle; bends are in the table")
    if any(one.levels for one in found):
        told.append("the reference as a red line")
    return f"{told[0]}: {'; '.join(told[1:])}."


def _told(knee: Knee) -> dict[str, object]:
    low, high = knee.interval or (None, None)
    bend_low, bend_high = knee.bend_interval or (None, None)
    values = (
        knee.place, low, high, knee.found, knee.bend, bend_low, bend_high,
        knee.chance_of_fall, knee.chance_of_bend, knee.note,
    )  # fmt: skip
    return dict(zip(_KNEE_COLUMNS[3:], values, strict=True))


def _minus(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def scores_by_place(view: StudyView, measure: Measure) -> dict[str, dict[float, list[float]]]:
    """Scores by line and noise dimension, one a seed."""
    curves: dict[str, dict[float, list[float]]] = {}
    for method, runs in runs_by_line(view.runs, _PARAMETER).items():
        for run in runs:
            place, score = run.params.get(_PARAMETER), run.score_of(measure)
            if isinstance(place, int) and score is not None and score.value is not None:
                curves.setdefault(method, {}).setdefault(float(place), []).append(score.value)
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


def _frame(panel: Axes, curves: Curves, levels: Sequence[float]) -> None:
    """Ticks where there are models, and room for the dots, which a band of two seeds dwarfs."""
    places = sorted({place for scores in curves.values() for place in scores})
    values = [v for scores in curves.values() for own in scores.values() for v in own]
    values += levels
    room = 0.15 * (max(values) - min(values)) or 1.0
    panel.set_ylim(min(values) - room, max(values) + room)
    panel.set_xscale("symlog", base=2, linthresh=1)
    panel.set_xlim(min(places) - 0.3, max(places) * 1.3 + 0.3)
    ticks = [place for place in places if place == 0 or math.log2(place).is_integer()]
    panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    panel.minorticks_off()


def _mark(panel: Axes, knee: Knee, tint: str) -> None:
    if knee.place is not None:
        label = f"knee at {knee.place:g}"
        if knee.interval is not None:
            label += f" ({knee.interval[0]:g} to {knee.interval[1]:g})"
        panel.axvline(knee.place, color=tint, linestyle=":", linewidth=1, label=label)
    if knee.interval is not None:
        panel.axvspan(*knee.interval, color=tint, alpha=0.08, linewidth=0)
