"""Generations of generations (ReGene, section 6.5 and Fig. 14)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from pydantic import Field
from torch import Tensor

from regene_bench.api import Exhibit, Figure, FigureConfig, FinishedRun, SampleRng, StudyView
from regene_bench_plugins.figures.choices import (
    chosen_classes,
    neutral_agreement,
    runs_with_encoder,
)
from regene_bench_plugins.figures.drawing import (
    CHILD,
    GENERATION,
    SOURCE,
    as_png,
    box_region,
    panels,
    show_images,
)
from regene_bench_plugins.methods.regene.generations import generations_of_generations

_GAP = 2
_FIRST, _LATENTS, _IMAGES = "training images", "latents", "images"
_LEGEND = {
    _FIRST: "generation {}",
    _LATENTS: "generation {}: siblings",
    _IMAGES: "generation {}: children",
}
_BOXES = {_FIRST: GENERATION, _LATENTS: SOURCE, _IMAGES: CHILD}


class GenerationsConfig(FigureConfig):
    """What is shown.

    Attributes:
        classes: Names of classes; the first four if empty.
        levels: Levels, the first generations counted.
        columns: Images a level; of two there is one pair only, too few to fill the next level.
    """

    classes: list[str] = Field(default_factory=list)
    levels: int = Field(default=3, ge=2, le=7)
    columns: int = Field(default=8, ge=3, le=40)


class Generations(Figure):
    """Level by level siblings, combined again as latents, and children, combined as images.

    Siblings are boxed orange and children green, as in the paper.
    """

    Config = GenerationsConfig
    config: GenerationsConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark and run, a panel a class."""
        for view in views:
            labels = chosen_classes(view, self.config.classes)
            for run in runs_with_encoder(view):
                height = 0.6 * (2 * self.config.levels - 1) + 0.3
                width = 0.6 * self.config.columns + 1.5
                drawing, axes = panels(len(labels), 1, width=width, height=height)
                data: dict[str, list[object]] = {
                    key: [] for key in ("class", "level", "from", "agrees", "png")
                }
                for (panel,), label in zip(axes, labels, strict=True):
                    name = view.data.class_names[label]
                    levels = list(self._levels(view, run, label))
                    called = [_LEGEND[source].format(level) for level, source, _ in levels]
                    show_images(panel, [images for _, _, images in levels], gap=_GAP, labels=called)
                    for row, (_, source, images) in enumerate(levels):
                        ends = (row, 0), (row, len(images) - 1)
                        box_region(panel, images.shape, *ends, _BOXES[source], _GAP)
                    panel.set_title(name, fontsize="small")
                    for level, source, images in levels:
                        data["class"] += [name] * len(images)
                        data["level"] += [level] * len(images)
                        data["from"] += [source] * len(images)
                        data["agrees"] += neutral_agreement(view, images, label)
                        data["png"] += as_png(images)
                caption = (
                    f"{run.label} on {view.name}. First row of each class: generations from "
                    "training images; then, level by level, siblings (combined again in latent "
                    "space, orange) and children (the decoded images encoded and combined again, "
                    "green)."
                )
                stem = f"generations-{view.name}-{run.method}-{run.run_id[:6]}"
                yield Exhibit(stem, caption, data, drawing)

    def _levels(
        self, view: StudyView, run: FinishedRun, label: int
    ) -> Iterator[tuple[int, str, Tensor]]:
        labels = torch.full((self.config.columns,), label, device=run.runtime.device)
        first, *others = generations_of_generations(
            run.model,
            labels,
            self.config.levels,
            SampleRng(run.runtime.derive_seed("generations", label)),
            class_names=view.data.class_names,
        )
        yield 1, _FIRST, first.siblings.images
        for level, found in enumerate(others, 2):
            yield level, _LATENTS, found.siblings.images
            yield level, _IMAGES, found.children.images
