"""From one image to another through latent space (ReGene, Figs. 3b and 7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
from regene_bench_plugins.figures.choosing import chosen_images
from regene_bench_plugins.figures.drawing import as_png, panels, show_images
from regene_bench_plugins.figures.latents import encoders


class TransitionsConfig(FigureConfig):
    """What is shown.

    Attributes:
        classes: Names of classes; the first four if empty.
        steps: Decoded images a row, both ends counted.
    """

    classes: list[str] = Field(default_factory=list)
    steps: int = Field(default=9, ge=3, le=33)


class Transitions(Figure):
    """Rows a class: two training images at the ends, decoded mixtures of their latents between."""

    Config = TransitionsConfig
    config: TransitionsConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark, a panel a run."""
        for view in views:
            labels = chosen_classes(view, self.config.classes)
            runs = encoders(view)
            drawing, axes = panels(len(runs), 1, width=7.5, height=0.75 * len(labels) + 0.3)
            data: dict[str, list[object]] = {
                key: [] for key in ("method", "class", "ratio", "agrees", "png")
            }
            for (panel,), run in zip(axes, runs, strict=True):
                rows = []
                for label in labels:
                    ends = chosen_images(view, label, 2, "transition")
                    mixed, ratios = self._between(run, ends)
                    rows.append(torch.cat([to_float(ends[:1]), mixed, to_float(ends[1:])]))
                    data["method"] += [run.label] * len(mixed)
                    data["class"] += [view.data.class_names[label]] * len(mixed)
                    data["ratio"] += ratios
                    data["agrees"] += agreement(view, mixed, label)
                    data["png"] += as_png(mixed)
                show_images(panel, rows)
                panel.set_title(run.label, fontsize="small")
            caption = (
                f"Transitions on {view.name}: training images at both ends, between them decoded "
                "mixtures of their two latents. In the data, `agrees` tells whether the neutral "
                "classifier still sees the class."
            )
            yield Exhibit(f"transitions-{view.name}", caption, data, drawing)

    @torch.inference_mode()
    def _between(self, run: FinishedRun, ends: Tensor) -> tuple[Tensor, list[float]]:
        first, last = run.model.encode(to_float(ends))
        ratios = torch.linspace(0, 1, self.config.steps, device=first.device)
        return run.model.decode(torch.lerp(first, last, ratios[:, None])), ratios.tolist()


def chosen_classes(view: StudyView, names: Sequence[str]) -> list[int]:
    """Labels of some classes by name; the first four if none is named or none is known here."""
    known = list(view.data.class_names)
    return [known.index(name) for name in names if name in known] or list(range(len(known)))[:4]


def agreement(view: StudyView, images: Tensor, label: int) -> list[bool]:
    """Whether the neutral classifier takes float images ``[N, C, H, W]`` for a class."""
    logits = view.features("neutral", to_uint8(images), "looking at mixtures").logits
    if logits is None:
        raise TypeError("the neutral classifier has logits")
    return [bool(found) for found in (logits.argmax(1) == label).tolist()]
