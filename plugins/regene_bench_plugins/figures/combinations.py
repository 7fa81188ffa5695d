"""Generations beside the images that they were combined from (ReGene, Figs. 7 to 11)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from regene_bench.api import Exhibit, Figure, FigureConfig, FinishedRun, StudyView, to_float
from regene_bench_plugins.figures.choices import (
    chosen_classes,
    draw_latents_of_class,
    runs_with_encoder,
)
from regene_bench_plugins.figures.drawing import (
    GENERATION,
    SOURCE,
    as_png,
    box_images,
    box_region,
    panels,
    show_images,
)

_GAP = 2
_LEGEND = "orange: sources; blue: their generation; last: their mean in pixels"


class CombinationsConfig(FigureConfig):
    """What is shown.

    Attributes:
        classes: Names of classes; the first four if empty.
        numbers: Latents in a combination; a panel each.
    """

    classes: list[str] = Field(default_factory=list)
    numbers: list[int] = Field(default=[2, 3, 5], min_length=1)


class Combinations(Figure):
    """A row a class: sources, their decoded mean latent, and their mean in pixels for contrast.

    Sources and generations are boxed in colours that the title names.
    """

    Config = CombinationsConfig
    config: CombinationsConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark and run."""
        for view in views:
            labels = chosen_classes(view, self.config.classes)
            for run in runs_with_encoder(view):
                numbers, names = self.config.numbers, view.data.class_names
                drawing, (axes,) = panels(
                    *(1, len(numbers)),
                    width=0.75 * (max(numbers) + 2),
                    height=0.75 * len(labels) + 0.5,
                    widths=[n + 2 for n in numbers],
                )
                data: dict[str, list[object]] = {key: [] for key in ("n", "class", "role", "png")}
                for panel, n in zip(axes, self.config.numbers, strict=True):
                    rows = []
                    for label in labels:
                        sources, made, overlap = _combined(view, run, label, n)
                        rows.append(torch.cat([sources, made, overlap]))
                        data["n"] += [n] * (n + 2)
                        data["class"] += [view.data.class_names[label]] * (n + 2)
                        data["role"] += ["source"] * n + ["generation", "overlap"]
                        data["png"] += as_png(rows[-1])
                    called = [names[label] for label in labels] if panel is axes[0] else ()
                    show_images(panel, rows, gap=_GAP, labels=called)
                    for row in range(len(rows)):
                        made_of = [(row, column) for column in range(n)]
                        box_images(panel, rows[row].shape, made_of, SOURCE, _GAP)
                        box_images(panel, rows[row].shape, [(row, n)], GENERATION, _GAP)
                    panel.set_title(f"n = {n}", fontsize="small")
                drawing.supxlabel(_LEGEND, fontsize="x-small")
                caption = (
                    f"{run.label} on {view.name}: in each row n training images (boxed orange), "
                    "the decoded mean of their latents (blue), their mean in pixels."
                )
                name = f"combinations-{view.name}-{run.method}-{run.run_id[:6]}"
                yield Exhibit(name, caption, data, drawing)


class MatrixConfig(FigureConfig):
    """What is shown.

    Attributes:
        classes: Names of classes, a drawing each; the first two if empty.
        side: Source images along each border.
    """

    classes: list[str] = Field(default_factory=list)
    side: int = Field(default=6, ge=2, le=20)


class CombinationMatrix(Figure):
    """Sources along the top and the left, the decoded mean of both latents where they meet."""

    Config = MatrixConfig
    config: MatrixConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark, run and class."""
        for view in views:
            for run in runs_with_encoder(view):
                for label in chosen_classes(view, self.config.classes)[:2]:
                    yield self._matrix(view, run, label)

    def _matrix(self, view: StudyView, run: FinishedRun, label: int) -> Exhibit:
        side, name = self.config.side, view.data.class_names[label]
        images, latents = draw_latents_of_class(view, run, label, 2 * side, "matrix")
        left, top = latents[:side], latents[side:]
        pairs = (left[:, None] + top[None]) / 2
        with torch.inference_mode():
            made = run.model.decode(pairs.flatten(0, 1)).unflatten(0, (side, side))
        images = to_float(images)
        blank = torch.ones_like(images[:1])
        rows = [torch.cat([blank, images[side:]])]
        rows += [torch.cat([images[i : i + 1], made[i]]) for i in range(side)]
        drawing, ((panel,),) = panels(1, 1, width=5.0, height=5.0)
        show_images(panel, rows, gap=_GAP)
        box_region(panel, images.shape, (0, 1), (0, side), SOURCE, _GAP)
        box_region(panel, images.shape, (1, 0), (side, 0), SOURCE, _GAP)
        panel.set_title(f"{run.label}: {name}; sources boxed", fontsize="small")
        data: dict[str, list[Any]] = {
            "row": [i for i in range(side) for _ in range(side)],
            "column": [j for _ in range(side) for j in range(side)],
            "png": as_png(made.flatten(0, 1)),
        }
        caption = (
            f"{run.label}: class {name!r} of {view.name}. Training images along the top and the "
            "left, boxed; where a row and a column meet, the decoded mean of their two latents."
        )
        stem = f"matrix-{view.name}-{run.method}-{run.run_id[:6]}-{label}"
        return Exhibit(stem, caption, data, drawing)


@torch.inference_mode()
def _combined(
    view: StudyView, run: FinishedRun, label: int, n: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Sources ``[n, ...]``, the generation ``[1, ...]`` and the overlap ``[1, ...]``, floats."""
    images, latents = draw_latents_of_class(view, run, label, n, f"combination of {n}")
    sources = to_float(images)
    return sources, run.model.decode(latents.mean(0, keepdim=True)), sources.mean(0, keepdim=True)
