"""Many generations at once; and generations of generations (ReGene, appendix D, Fig. 14)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from regene_bench.api import (
    Exhibit,
    Figure,
    FigureConfig,
    FinishedRun,
    StudyView,
    to_float,
    to_uint8,
)
from regene_bench_plugins.figures.choosing import latents_of_class
from regene_bench_plugins.figures.drawing import as_png, panels, show_images
from regene_bench_plugins.figures.latents import encoders
from regene_bench_plugins.figures.transitions import agreement, chosen_classes


class CollageConfig(FigureConfig):
    """What is shown.

    Attributes:
        columns: Generations a class.
    """

    columns: int = Field(default=16, ge=2, le=100)


class Collage(Figure):
    """The first generations of each class, a row a class, in the order of their sample index."""

    Config = CollageConfig
    config: CollageConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark and run."""
        for view in views:
            for run in view.first_of(*{run.method for run in view.runs}):
                generated = run.evaluation.generated
                rows = [
                    generated.images[generated.of_class(k)[: self.config.columns]]
                    for k in range(len(view.data.class_names))
                ]
                kept = [(k, row) for k, row in enumerate(rows) if len(row)]
                drawing, ((panel,),) = panels(1, 1, width=7.5, height=0.47 * len(kept))
                show_images(panel, [row for _, row in kept])
                data: dict[str, list[Any]] = {
                    "class": [view.data.class_names[k] for k, row in kept for _ in row],
                    "png": [png for _, row in kept for png in as_png(row)],
                }
                caption = f"Generations of {run.label} on {view.name}, a row a class, not chosen."
                name = f"collage-{view.name}-{run.method}-{run.run_id[:6]}"
                yield Exhibit(name, caption, data, drawing)


class GenerationsConfig(FigureConfig):
    """What is shown.

    Attributes:
        classes: Names of classes; the first four if empty.
        levels: Generations after the first.
        columns: Images a level.
    """

    classes: list[str] = Field(default_factory=list)
    levels: int = Field(default=2, ge=1, le=6)
    columns: int = Field(default=8, ge=2, le=40)


class Generations(Figure):
    """Generations of generations: siblings from latents, children from decoded images."""

    Config = GenerationsConfig
    config: GenerationsConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark and run, a panel a class."""
        for view in views:
            labels = chosen_classes(view, self.config.classes)
            for run in encoders(view):
                drawing, axes = panels(
                    len(labels), 1, width=5.0, height=0.6 * (2 * self.config.levels + 1)
                )
                data: dict[str, list[object]] = {
                    key: [] for key in ("class", "level", "from", "agrees", "png")
                }
                for (panel,), label in zip(axes, labels, strict=True):
                    levels = list(self._levels(view, run, label))
                    show_images(panel, [images for _, _, images in levels])
                    panel.set_title(view.data.class_names[label], fontsize="small")
                    for level, source, images in levels:
                        data["class"] += [view.data.class_names[label]] * len(images)
                        data["level"] += [level] * len(images)
                        data["from"] += [source] * len(images)
                        data["agrees"] += agreement(view, images, label)
                        data["png"] += as_png(images)
                caption = (
                    f"{run.label} on {view.name}. First row of each class: generations from "
                    "training images; then, level by level, siblings (combined again in latent "
                    "space) and children (the decoded images encoded and combined again)."
                )
                yield Exhibit(f"generations-{view.name}-{run.method}", caption, data, drawing)

    @torch.inference_mode()
    def _levels(
        self, view: StudyView, run: FinishedRun, label: int
    ) -> Iterator[tuple[int, str, Tensor]]:
        n, model = self.config.columns, run.model
        _, latents = latents_of_class(view, run, label, 2 * n, "generations")
        siblings = latents.reshape(n, 2, -1).mean(1)
        images = model.decode(siblings)
        yield 1, "training images", images
        children = images
        for level in range(2, self.config.levels + 2):
            siblings = _with_the_next(siblings)
            yield level, "latents", model.decode(siblings)
            # a saved picture is what the next level would be made of
            again = model.encode(to_float(to_uint8(children)))
            children = model.decode(_with_the_next(again))
            yield level, "images", children


def _with_the_next(latents: Tensor) -> Tensor:
    """Mean of each latent with its neighbour, the last with the first."""
    return (latents + latents.roll(-1, 0)) / 2
