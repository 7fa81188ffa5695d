"""Scores of a study's runs in one table, with what papers report beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field

from regene_bench.api import Exhibit, Figure, FigureConfig, FinishedRun, StudyView, half_width


class ScoreTableConfig(FigureConfig):
    """What stands in the table.

    Attributes:
        name: Stem of the file.
        caption: What is seen.
        columns: Columns of the leaderboard, in this order.
        params: Parameters of the method that get a column.
        reported: Tables and figures of papers whose numbers stand beside (``"Table 3"``).
    """

    name: str = "scores"
    caption: str = "Means over seeds, with half of the 95 % interval where there are several."
    columns: list[str] = Field(min_length=1)
    params: list[str] = Field(default_factory=list)
    reported: list[str] = Field(default_factory=list)


class ScoreTable(Figure):
    """A row for each method and set of parameters, then the reported ones."""

    Config = ScoreTableConfig
    config: ScoreTableConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One table over all benchmarks."""
        rows = [row for view in views for row in (*self._measured(view), *self._reported(view))]
        names = ["benchmark", "method", *self.config.params, "from", "seeds"]
        for column in self.config.columns:
            names += [column, f"{column} ±"]
        shown = [name for name in names if any(row.get(name) is not None for row in rows)]
        data = {name: [row.get(name) for row in rows] for name in shown}
        yield Exhibit(self.config.name, self.config.caption, data)

    def _measured(self, view: StudyView) -> Iterator[dict[str, Any]]:
        for label, runs in grouped(view.runs).items():
            row: dict[str, Any] = {"benchmark": view.name, "method": label, "from": "measured"}
            row |= {name: runs[0].params.get(name) for name in self.config.params}
            row["seeds"] = len({run.seed for run in runs})
            for column in self.config.columns:
                mean, spread = over_seeds(runs, column)
                row |= {column: mean, f"{column} ±": spread}
            yield row

    def _reported(self, view: StudyView) -> Iterator[dict[str, Any]]:
        rows: dict[tuple[str, str, str], dict[str, Any]] = {}
        for number in view.reported:
            wanted = number.metric in self.config.columns and number.class_name is None
            if not wanted or number.where not in self.config.reported:
                continue
            key = (number.method, number.where, number.note)
            method = f"{number.method} ({number.note})" if number.note else number.method
            place = f"{number.source.partition(',')[0]}, {number.where}"
            row = rows.setdefault(
                key, {"benchmark": view.name, "method": method, "from": place, "seeds": None}
            )
            row |= {number.metric: number.value, f"{number.metric} ±": number.std}
        yield from rows.values()


def grouped(runs: Sequence[FinishedRun]) -> dict[str, list[FinishedRun]]:
    """Runs by label, that is by method and parameters: one list over seeds each."""
    groups: dict[str, list[FinishedRun]] = {}
    for run in runs:
        groups.setdefault(run.label, []).append(run)
    return groups


def over_seeds(
    runs: Sequence[FinishedRun], metric: str, class_name: str | None = None
) -> tuple[float | None, float | None]:
    """Mean of a score over runs, and half of its 95 % interval by Student's t if there are two."""
    found = [value for run in runs if (value := run.value(metric, class_name)) is not None]
    return interval(found) if found else (None, None)


def interval(values: Sequence[float]) -> tuple[float, float | None]:
    """Mean, and half of its 95 % interval by Student's t if there are two values."""
    mean = sum(values) / len(values)
    if len(values) < 2:
        return mean, None
    std = (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5
    return mean, half_width(std, len(values))
