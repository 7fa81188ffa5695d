"""The Fréchet distance over the number of generated images, beside its extrapolation to N = ∞."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from matplotlib.axes import Axes
from pydantic import Field

from regene_bench.api import (
    Exhibit,
    Figure,
    FigureConfig,
    FinishedRun,
    MethodError,
    StudyView,
    UnavailableError,
    frechet_at_infinity_from,
    frechet_from,
)
from regene_bench_plugins.figures.drawing import colour, left_out, panels, tidy
from regene_bench_plugins.metrics.frechet import singular_note


class FrechetOverNConfig(FigureConfig):
    """What is measured, and how often.

    Attributes:
        extractors: Whose features, a row of panels each; those that cannot be had are left out.
        smallest: Generated images at the left end of the curve.
        steps: Numbers of images, equally far apart on a logarithmic axis, both ends counted.
        draws: Random subsets of each number; all images are one.
    """

    extractors: list[str] = Field(default=["inception", "efficientnet_lite0"], min_length=1)
    smallest: int = Field(default=100, ge=2)
    steps: int = Field(default=8, ge=2, le=50)
    draws: int = Field(default=3, ge=1, le=100)


@dataclass(frozen=True)
class _Curve:
    """Distances of one run on one extractor.

    Attributes:
        distances: Of every subset, by its number of images.
        infinity, low, high: FD∞ and the 95 % interval of the straight line.
        slope: Of the line over 1/N.
        note: What to know of so few images; empty where they suffice.
    """

    label: str
    extractor: str
    distances: dict[int, list[float]]
    infinity: float
    low: float
    high: float
    slope: float
    note: str

    def mean(self, n: int) -> float:
        """Mean distance of the subsets of ``n`` images."""
        return sum(self.distances[n]) / len(self.distances[n])


class FrechetOverN(Figure):
    """A row of panels an extractor, a panel a run: a curve, and FD∞ as a level line.

    The curve is the mean over random subsets of the generated images, its band their range; the
    real images stay the same. FD∞ is what the metric ``fd_infinity`` gives (Chong and Forsyth
    2020): the intercept of the line over 1/N, whose course is dotted, fitted to the numbers of
    images from half of them (or 5,000) up.
    """

    Config = FrechetOverNConfig
    config: FrechetOverNConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark, with the first seed of each set of parameters.

        Raises:
            UnavailableError: None of the extractors can be had.
            MethodError: There are fewer generated images than the smallest subset has, or fewer
                than 30.
        """
        for view in views:
            runs = view.first_of(*{run.method for run in view.runs})
            curves: dict[str, list[_Curve]] = {}
            missing: dict[str, UnavailableError] = {}
            for extractor in self.config.extractors:
                try:
                    curves[extractor] = [self._curve(view, run, extractor) for run in runs]
                except UnavailableError as error:
                    missing[extractor] = error
            if not curves:
                raise UnavailableError(
                    "None of the figure's extractors can be had.",
                    hint="\n".join(map(str, missing.values())),
                )
            drawing, rows = panels(len(curves), len(runs), width=3.2, height=2.8)
            for row, own in zip(rows, curves.values(), strict=True):
                for number, (panel, curve) in enumerate(zip(row, own, strict=True)):
                    _show(panel, curve, colour(number))
            every = [curve for own in curves.values() for curve in own]
            yield Exhibit(
                f"frechet-over-n-{view.name}",
                self._caption(view, runs[0], every) + left_out(missing),
                _columns(every),
                drawing,
            )

    def _caption(self, view: StudyView, run: FinishedRun, curves: Sequence[_Curve]) -> str:
        evaluation = run.evaluation
        split = evaluation.reference_split
        notes = dict.fromkeys(f"{c.extractor}, {c.note}" for c in curves if c.note)
        warning = f" FD∞ is a hint only, its line no straight one: {'; '.join(notes)}."
        warning = warning if notes else ""
        return (
            f"Fréchet distance on {view.name} over the number of generated images, from "
            f"{len(evaluation.real(split)):,} real images of the {split} split: mean and range of "
            f"up to {self.config.draws} subsets. Dashed is FD∞ with the 95 % interval of the "
            f"straight line over 1/N, dotted the line itself.{warning}"
        )

    def _curve(self, view: StudyView, run: FinishedRun, extractor: str) -> _Curve:
        evaluation = run.evaluation
        features = evaluation.generated_features(extractor).features
        fixed = evaluation.reference_gaussian(extractor)
        n, check = len(features), evaluation.runtime.stop.check
        sizes = sizes_up_to(n, self.config.smallest, self.config.steps)
        draw = torch.Generator().manual_seed(view.runtime.derive_seed("subsets", run.run_id))
        distances: dict[int, list[float]] = {}
        for size in sizes:
            for _ in range(self.config.draws if size < n else 1):
                check()
                chosen = torch.randperm(n, generator=draw)[:size].to(features.device)
                distances.setdefault(size, []).append(frechet_from(fixed, features[chosen]))
        line = frechet_at_infinity_from(fixed, features, between=check)
        low, high = line.intercept - line.half_width, line.intercept + line.half_width
        note = singular_note(features.shape[1], n // 2)
        return _Curve(run.label, extractor, distances, line.intercept, low, high, line.slope, note)


def sizes_up_to(n: int, smallest: int, steps: int) -> list[int]:
    """Whole numbers from the smallest to ``n`` in equal ratios, without repetitions.

    Raises:
        MethodError: ``n`` is not larger than the smallest.
    """
    if n <= smallest:
        raise MethodError(
            f"{n} generated images make no curve that begins at {smallest}.",
            hint=f"Let it begin earlier: --set figures.frechet_over_n.smallest={max(2, n // 8)}.",
        )
    ratio = n / smallest
    return sorted({round(smallest * ratio ** (i / (steps - 1))) for i in range(steps)})


def _columns(curves: Sequence[_Curve]) -> dict[str, list[object]]:
    points = [(curve, n) for curve in curves for n in curve.distances]
    return {
        "run": [curve.label for curve, _ in points],
        "extractor": [curve.extractor for curve, _ in points],
        "n": [n for _, n in points],
        "distance": [curve.mean(n) for curve, n in points],
        "low": [min(curve.distances[n]) for curve, n in points],
        "high": [max(curve.distances[n]) for curve, n in points],
        "subsets": [len(curve.distances[n]) for curve, n in points],
        "fd_infinity": [curve.infinity for curve, _ in points],
        "fd_infinity_low": [curve.low for curve, _ in points],
        "fd_infinity_high": [curve.high for curve, _ in points],
        "slope": [curve.slope for curve, _ in points],
    }


def _show(panel: Axes, curve: _Curve, tint: str) -> None:
    sizes = list(curve.distances)
    panel.plot(sizes, [curve.mean(n) for n in sizes], "o-", markersize=3, color=tint, label="FD")
    low = [min(curve.distances[n]) for n in sizes]
    high = [max(curve.distances[n]) for n in sizes]
    panel.fill_between(sizes, low, high, color=tint, alpha=0.25, linewidth=0)
    panel.axhline(curve.infinity, color="black", linestyle="--", linewidth=1, label="FD∞")
    panel.axhspan(curve.low, curve.high, color="black", alpha=0.1, linewidth=0)
    fitted = [n for n in sizes if curve.infinity + curve.slope / n <= 1.1 * max(high)]
    line = [curve.infinity + curve.slope / n for n in fitted]
    panel.plot(fitted, line, ":", color="black", linewidth=1, label="line over 1/N")
    panel.set_xscale("log")
    panel.set_xticks(sizes, [str(n) for n in sizes], rotation=45, fontsize="x-small")
    panel.minorticks_off()
    panel.set_title(f"{curve.label} · {curve.extractor}", fontsize="small")
    panel.set_xlabel("generated images")
    panel.set_ylabel("Fréchet distance")
    tidy(panel).legend(fontsize="x-small")
