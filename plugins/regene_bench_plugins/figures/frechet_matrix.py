"""Fréchet distances of all runs from each other and from real images (He, Table 1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from pydantic import Field

from regene_bench.api import (
    Exhibit,
    Figure,
    FigureConfig,
    MethodError,
    ReportedNumber,
    StudyView,
    UnavailableError,
    frechet_distance,
)
from regene_bench_plugins.figures.drawing import left_out, panels

_REAL = "real images"
# A reported distance's note begins with the generator's name; two are joined by "and".
_FROM_REAL, _BETWEEN = "fid", "fid_between"


class FrechetMatrixConfig(FigureConfig):
    """What is compared.

    Attributes:
        extractors: Whose features, a matrix each; those that cannot be had are left out.
        reported: Tables of papers that stand beside, a matrix each, where they have distances of
            generators from each other.
    """

    extractors: list[str] = Field(default=["inception", "efficientnet_lite0"], min_length=1)
    reported: list[str] = Field(default=["Table 1"])


@dataclass(frozen=True)
class _Matrix:
    """Distances by the names of both sides, in both orders; ``place`` is what they are of."""

    place: str
    names: list[str]
    distances: dict[tuple[str, str], float]


class FrechetMatrix(Figure):
    """A symmetric matrix a benchmark and extractor, and the reported one; real images come last.

    Numbers of different extractors, or of other numbers of images, do not compare; their order
    does.
    """

    Config = FrechetMatrixConfig
    config: FrechetMatrixConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark, with the first seed of each set of parameters.

        Raises:
            UnavailableError: None of the extractors can be had.
            MethodError: A reported distance does not say what it is of, or stands there twice.
        """
        for view in views:
            found: list[_Matrix] = []
            missing: dict[str, UnavailableError] = {}
            for extractor in self.config.extractors:
                try:
                    found.append(_measured(view, extractor))
                except UnavailableError as error:
                    missing[extractor] = error
            if not found:
                raise UnavailableError(
                    "None of the figure's extractors can be had.",
                    hint="\n".join(map(str, missing.values())),
                )
            found += _reported(view, self.config.reported)
            side = 0.9 * max(len(matrix.names) for matrix in found) + 1.2
            drawing, (axes,) = panels(1, len(found), width=side, height=side)
            for panel, matrix in zip(axes, found, strict=True):
                _show(panel, matrix)
            run = view.first_of(*{run.method for run in view.runs})[0]
            split = run.evaluation.reference_split
            generated, real = len(run.evaluation.generated), len(run.evaluation.real(split))
            caption = (
                f"Fréchet distances on {view.name} of {generated:,} generated images of each run "
                f"from each other and from {real:,} real images of the {split} split."
            )
            caption += left_out(missing)
            cells = [(m.place, *names, m.distances[names]) for m in found for names in m.distances]
            data: dict[str, list[object]] = {
                name: [cell[i] for cell in cells]
                for i, name in enumerate(("of", "first", "second", "distance"))
            }
            yield Exhibit(f"frechet-matrix-{view.name}", caption, data, drawing)


def _reported(view: StudyView, tables: Sequence[str]) -> Iterator[_Matrix]:
    """What papers print of the benchmark: a matrix for each table with distances of generators.

    Raises:
        MethodError: A note does not name what the distance is of, or a table has one twice.
    """
    for where in tables:
        papers: dict[str, list[ReportedNumber]] = {}
        for number in view.reported:
            # one table number may be in several papers; distances within a class are another matrix
            if number.where == where and number.class_name is None:
                papers.setdefault(number.source, []).append(number)
        for source, numbers in papers.items():
            if not any(number.metric == _BETWEEN for number in numbers):
                continue
            distances: dict[tuple[str, str], float] = {}
            for number in numbers:
                if number.metric not in (_FROM_REAL, _BETWEEN):
                    continue
                first, second = _pair(number)
                if (first, second) in distances:
                    raise MethodError(
                        f"{source}, {where} has two distances of {first!r} from {second!r}.",
                        hint="Keep one in the file of reported numbers, or name the generators "
                        "apart in their notes.",
                    )
                distances[first, second] = distances[second, first] = number.value
            names = [name for name in dict.fromkeys(n for n, _ in distances) if name != _REAL]
            names.append(_REAL)
            place = f"reported: {source.partition(',')[0]}, {where}"
            yield _Matrix(place, names, _in_order(names, distances))


def _pair(number: ReportedNumber) -> tuple[str, str]:
    """What a reported distance is of, by the beginning of its note."""
    named = number.note.partition(":")[0].strip()
    first, second = named, _REAL
    if number.metric == _BETWEEN:
        first, _, second = (part.strip() for part in named.partition(" and "))
    if not first or not second or first == second:
        wanted = "'A: …'" if number.metric == _FROM_REAL else "'A and B'"
        raise MethodError(
            f"{number.source}, {number.where}: the note {number.note!r} of {number.metric} does "
            f"not begin with what the distance is of.",
            hint=f"Begin it as in {wanted}, in the file of reported numbers.",
        )
    return first, second


def _measured(view: StudyView, extractor: str) -> _Matrix:
    runs = view.first_of(*{run.method for run in view.runs})
    features = {run.label: run.evaluation.generated_features(extractor).features for run in runs}
    features[_REAL] = runs[0].evaluation.reference_features(extractor).features
    names = list(features)
    distances = {}
    for i, first in enumerate(names):
        for second in names[:i]:
            found = frechet_distance(features[first], features[second])
            distances[first, second] = distances[second, first] = found
    return _Matrix(extractor, names, _in_order(names, distances))


def _in_order(
    names: Sequence[str], distances: dict[tuple[str, str], float]
) -> dict[tuple[str, str], float]:
    """Row by row, with nothing far from itself; what nobody prints is not there."""
    known = distances | {(name, name): 0.0 for name in names}
    return {(a, b): known[a, b] for a in names for b in names if (a, b) in known}


def _show(panel: Axes, matrix: _Matrix) -> None:
    names = matrix.names
    rows = [[matrix.distances.get((a, b), 0.0) for b in names] for a in names]
    panel.imshow(rows, cmap="Blues")
    largest = max(map(max, rows))
    for (first, second), value in matrix.distances.items():
        tint = "white" if value > largest / 2 else "black"
        place = names.index(second), names.index(first)
        panel.text(*place, f"{value:.4g}", ha="center", va="center", color=tint)
    panel.set_xticks(range(len(names)), names, rotation=30, ha="right", fontsize="small")
    panel.set_yticks(range(len(names)), names, fontsize="small")
    panel.set_title(matrix.place, fontsize="small")
