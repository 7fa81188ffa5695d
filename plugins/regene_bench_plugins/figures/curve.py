"""A score over a parameter of a method: mean and 95 % interval over seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes
from pydantic import Field

from regene_bench.api import Exhibit, Figure, FigureConfig, MethodError, StudyView
from regene_bench_plugins.figures.drawing import colour, panels, tidy
from regene_bench_plugins.figures.score_table import interval


class CurveConfig(FigureConfig):
    """What is drawn over what.

    Attributes:
        parameter: A method's parameter with numbers as values.
        columns: Columns of the leaderboard; one panel each.
        reference: A method drawn as a level line, such as ``real``.
    """

    parameter: str
    columns: list[str] = Field(min_length=1)
    reference: str | None = None


class Curve(Figure):
    """One drawing a benchmark, a panel a score, a line a method."""

    Config = CurveConfig
    config: CurveConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One exhibit a benchmark.

        Raises:
            MethodError: No run has the parameter.
        """
        for view in views:
            points = list(self._points(view))
            if not points:
                raise MethodError(f"No run on {view.name} has the parameter {self._parameter!r}.")
            columns = [c for c in self.config.columns if any(point[1] == c for point in points)]
            drawing, (axes,) = panels(1, len(columns), width=3.8, height=3.0)
            for panel, column in zip(axes, columns, strict=True):
                self._panel(panel, [point for point in points if point[1] == column], view, column)
            names = ("method", "score", self._parameter, "mean", "half_width", "seeds")
            data = {name: [point[i] for point in points] for i, name in enumerate(names)}
            caption = (
                f"{', '.join(columns)} over {self._parameter} on {view.name}: mean over seeds and "
                "95 % interval."
            )
            yield Exhibit(f"{self._parameter}-{view.name}", caption, data, drawing)

    @property
    def _parameter(self) -> str:
        return self.config.parameter

    def _points(
        self, view: StudyView
    ) -> Iterator[tuple[str, str, float, float, float | None, int]]:
        groups: dict[tuple[str, str, float], list[float]] = {}
        for run in view.runs:
            place = run.params.get(self._parameter)
            if isinstance(place, bool) or not isinstance(place, int | float):
                continue
            for column in self.config.columns:
                value = run.value(column)
                if value is not None:
                    groups.setdefault((run.method, column, float(place)), []).append(value)
        for (method, column, place), values in sorted(groups.items()):
            yield method, column, place, *interval(values), len(values)

    def _panel(
        self,
        panel: Axes,
        points: Sequence[tuple[str, str, float, float, float | None, int]],
        view: StudyView,
        column: str,
    ) -> None:
        for k, method in enumerate(dict.fromkeys(point[0] for point in points)):
            own = [point for point in points if point[0] == method]
            places, means = [point[2] for point in own], [point[3] for point in own]
            panel.plot(places, means, "o-", markersize=3, color=colour(k), label=method)
            low = [point[3] - (point[4] or 0.0) for point in own]
            high = [point[3] + (point[4] or 0.0) for point in own]
            panel.fill_between(places, low, high, color=colour(k), alpha=0.2, linewidth=0)
        references = [run for run in view.runs if run.method == self.config.reference]
        level = [value for run in references if (value := run.value(column)) is not None]
        if level:
            panel.axhline(
                sum(level) / len(level), color="red", linewidth=1, label=self.config.reference
            )
        panel.set_xlabel(self._parameter)
        panel.set_ylabel(column)
        tidy(panel).legend(fontsize="x-small")
