"""Scores of a study's runs in one table, with what papers report beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from regene_bench.api import (
    Exhibit,
    Figure,
    FigureConfig,
    Measure,
    StudyView,
    column_of_reported,
    measures_of,
)
from regene_bench_plugins.figures.run_groups import over_seeds, runs_by_label

# Of the names under which papers' ratios are reported.
_RATIO = "_ratio"

Labels = Mapping[str, Mapping[Measure, str]]
"""The label of each measure of a column, by the column's name."""


class ScoreTableConfig(FigureConfig):
    """What stands in the table.

    Attributes:
        name: Stem of the file.
        caption: What is seen.
        columns: Columns of the leaderboard, in this order; one that was measured on several
            extractors stands there once for each.
        params: Parameters of the method that get a column.
        per_image: Those of the columns, counts, that are divided by the number of images that
            they are for, so that counts for different numbers of images compare.
        ratios: Those of the columns whose ratio to the row of ``baseline`` has a column, too; what
            papers report as ``NAME_ratio`` stands in it.
        baseline: Values of some of ``params``: of the row that ratios are taken to.
        reported: Tables and figures of papers whose numbers stand beside (``"Table 3"``).
    """

    name: str = "scores"
    caption: str = "Means over seeds, with half of the 95 % interval where there are several."
    columns: list[str] = Field(min_length=1)
    params: list[str] = Field(default_factory=list)
    per_image: list[str] = Field(default_factory=list)
    ratios: list[str] = Field(default_factory=list)
    baseline: dict[str, Any] = Field(default_factory=dict)
    reported: list[str] = Field(default_factory=list)

    @field_validator("per_image", "ratios")
    @classmethod
    def _are_columns(cls, values: list[str], info: ValidationInfo) -> list[str]:
        if unknown := [name for name in values if name not in info.data.get("columns", values)]:
            raise ValueError(f"{', '.join(unknown)}: not among the columns")
        return values


class ScoreTable(Figure):
    """A row for each method and set of parameters, then the reported ones."""

    Config = ScoreTableConfig
    config: ScoreTableConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One table over all benchmarks."""
        labels = {column: measures_of(views, column) for column in self.config.columns}
        rows = [
            row
            for view in views
            for row in (*self._measured(view, labels), *self._reported(view, labels))
        ]
        names = ["benchmark", "method", *self.config.params, "from", "seeds"]
        for column, own in labels.items():
            for label in dict.fromkeys([*own.values(), column_of_reported(column, own)]):
                title = self._title(column, label)
                names += [title, f"{title} ±"]
                names += [_ratio(label)] if column in self.config.ratios else []
            names.append(self._reported_spread(column))
        shown = [name for name in names if any(row.get(name) is not None for row in rows)]
        data = {name: [row.get(name) for row in rows] for name in shown}
        yield Exhibit(self.config.name, self._caption(labels, shown), data)

    def _title(self, column: str, label: str) -> str:
        return f"{label} / image" if column in self.config.per_image else label

    def _reported_spread(self, column: str) -> str:
        return f"{self._title(column, column)} ± reported"

    def _caption(self, labels: Labels, shown: Sequence[str]) -> str:
        told = [self.config.caption]
        if any(name.endswith("± reported") for name in shown):
            told.append("What papers give as ± stands apart, since it is no such interval.")
        on: dict[str, list[str]] = {}
        for own in labels.values():
            for measure, label in own.items():
                if measure.extractor is not None:
                    on.setdefault(measure.extractor, []).append(label)
        if on:
            parts = [f"{extractor} for {', '.join(names)}" for extractor, names in on.items()]
            told.append(f"Extractors: {'; '.join(parts)}.")
        return " ".join(told)

    def _measured(self, view: StudyView, labels: Labels) -> list[dict[str, Any]]:
        rows = list(self._means(view, labels))
        baseline = self.config.baseline.items()
        base = next((row for row in rows if all(row.get(k) == v for k, v in baseline)), {})
        for column in self.config.ratios:
            for label in labels[column].values():
                title = self._title(column, label)
                for row in rows:
                    if row.get(title) is not None and base.get(title):
                        row[_ratio(label)] = row[title] / base[title]
        return rows

    def _means(self, view: StudyView, labels: Labels) -> Iterator[dict[str, Any]]:
        for method, runs in runs_by_label(view.runs).items():
            row: dict[str, Any] = {"benchmark": view.name, "method": method, "from": "measured"}
            row |= {name: runs[0].params.get(name) for name in self.config.params}
            row["seeds"] = len({run.seed for run in runs})
            for column, own in labels.items():
                for measure, label in own.items():
                    title = self._title(column, label)
                    divided = column in self.config.per_image
                    row[title], row[f"{title} ±"] = over_seeds(runs, measure, per_image=divided)
            yield row

    def _reported(self, view: StudyView, labels: Labels) -> Iterator[dict[str, Any]]:
        rows: dict[tuple[str, str, str], dict[str, Any]] = {}
        for number in view.reported:
            metric = number.metric.removesuffix(_RATIO)
            is_ratio = metric != number.metric and metric in self.config.ratios
            wanted = is_ratio or number.metric in self.config.columns
            if not wanted or number.class_name or number.where not in self.config.reported:
                continue
            value, std = number.value, number.std
            if number.metric in self.config.per_image:
                if number.n is None:
                    continue
                value, std = value / number.n, None if std is None else std / number.n
            key = (number.method, number.where, number.note)
            method = f"{number.method} ({number.note})" if number.note else number.method
            place = f"{number.source.partition(',')[0]}, {number.where}"
            row = rows.setdefault(
                key, {"benchmark": view.name, "method": method, "from": place, "seeds": None}
            )
            if is_ratio:
                row[_ratio(column_of_reported(metric, labels[metric]))] = value
                continue
            column = column_of_reported(number.metric, labels[number.metric])
            row[self._title(number.metric, column)] = value
            row[self._reported_spread(number.metric)] = std
        yield from rows.values()


def _ratio(label: str) -> str:
    return f"{label} ratio"
