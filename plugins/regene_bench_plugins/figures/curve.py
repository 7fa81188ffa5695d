"""A score over a parameter of a method: mean and 95 % interval over seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from pydantic import Field

from regene_bench.api import (
    Exhibit,
    Figure,
    FigureConfig,
    FinishedRun,
    Measure,
    MethodError,
    StudyView,
    measures_of,
)
from regene_bench_plugins.figures.drawing import colour, panels, tidy
from regene_bench_plugins.figures.run_groups import over_seeds, runs_by_line


class CurveConfig(FigureConfig):
    """What is drawn over what.

    Attributes:
        parameter: A method's parameter with numbers as values.
        columns: Columns of the leaderboard; one panel each, and one for each extractor that a
            column was measured on.
        reference: A method drawn as a level line, such as ``real``.
    """

    parameter: str
    columns: list[str] = Field(min_length=1)
    reference: str | None = None


@dataclass(frozen=True)
class _Point:
    """A mean over the seeds of one method and set of parameters."""

    method: str
    score: str
    extractor: str | None
    place: float
    mean: float
    spread: float | None
    seeds: int


class Curve(Figure):
    """One drawing a benchmark, a panel a score, a line a method and set of other parameters."""

    Config = CurveConfig
    config: CurveConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One exhibit a benchmark.

        Raises:
            MethodError: No run has the parameter.
        """
        for view in views:
            measures = {
                measure: label
                for column in self.config.columns
                for measure, label in measures_of([view], column).items()
            }
            found = {
                measure: points
                for measure, label in measures.items()
                if (points := list(self._points(view, measure, label)))
            }
            if not found:
                raise MethodError(f"No run on {view.name} has the parameter {self._parameter!r}.")
            drawing, (axes,) = panels(1, len(found), width=3.8, height=3.0)
            for panel, (measure, points) in zip(axes, found.items(), strict=True):
                self._panel(panel, points, view, measure)
            every = [point for points in found.values() for point in points]
            data: dict[str, list[object]] = {
                "method": [point.method for point in every],
                "score": [point.score for point in every],
                "extractor": [point.extractor for point in every],
                self._parameter: [point.place for point in every],
                "mean": [point.mean for point in every],
                "half_width": [point.spread for point in every],
                "seeds": [point.seeds for point in every],
            }
            most = max(point.seeds for point in every)
            seeds = f"mean over up to {most} seeds and 95 % interval" if most > 1 else "one seed"
            caption = (
                f"{', '.join(measures[measure] for measure in found)} over {self._parameter} on "
                f"{view.name}: {seeds}."
            )
            yield Exhibit(f"{self._parameter}-{view.name}", caption, data, drawing)

    @property
    def _parameter(self) -> str:
        return self.config.parameter

    def _points(self, view: StudyView, measure: Measure, label: str) -> Iterator[_Point]:
        for method, runs in runs_by_line(view.runs, self._parameter).items():
            places: dict[float, list[FinishedRun]] = {}
            for run in runs:
                place = run.params.get(self._parameter)
                if isinstance(place, int | float) and not isinstance(place, bool):
                    places.setdefault(float(place), []).append(run)
            for place, own in sorted(places.items()):
                mean, spread = over_seeds(own, measure)
                if mean is not None:
                    seeds = sum(run.score_of(measure) is not None for run in own)
                    yield _Point(method, label, measure.extractor, place, mean, spread, seeds)

    def _panel(
        self, panel: Axes, points: Sequence[_Point], view: StudyView, measure: Measure
    ) -> None:
        for k, method in enumerate(dict.fromkeys(point.method for point in points)):
            own = [point for point in points if point.method == method]
            places, means = [point.place for point in own], [point.mean for point in own]
            panel.plot(places, means, "o-", markersize=3, color=colour(k), label=method)
            low = [point.mean - (point.spread or 0.0) for point in own]
            high = [point.mean + (point.spread or 0.0) for point in own]
            panel.fill_between(places, low, high, color=colour(k), alpha=0.2, linewidth=0)
        references = [run for run in view.runs if run.method == self.config.reference]
        for method, runs in runs_by_line(references, self._parameter).items():
            level, _ = over_seeds(runs, measure)
            if level is not None:
                panel.axhline(level, color="red", linewidth=1, label=method)
        panel.set_xlabel(self._parameter)
        panel.set_ylabel(points[0].score)
        tidy(panel).legend(fontsize="x-small")
