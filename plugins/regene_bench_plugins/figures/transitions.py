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
)
from regene_bench_plugins.figures.choices import (
    chosen_classes,
    draw_images_of_class,
    neutral_agreement,
    runs_with_encoder,
)
from regene_bench_plugins.figures.drawing import (
    SOURCE,
    as_png,
    box_images,
    panels,
    show_images,
)


class TransitionsConfig(FigureConfig):
    """What is shown.

    Attributes:
        classes: Names of classes; the first four if empty.
        steps: Decoded images a row, at equal distances between the ends: 9 have the ratios 0.1 to
            0.9, as in the paper.
    """

    classes: list[str] = Field(default_factory=list)
    steps: int = Field(default=9, ge=1, le=33)


class Transitions(Figure):
    """Rows a class: two training images at the ends, decoded mixtures of their latents between."""

    Config = TransitionsConfig
    config: TransitionsConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark, a panel a run."""
        for view in views:
            labels = chosen_classes(view, self.config.classes)
            runs = runs_with_encoder(view)
            drawing, axes = panels(len(runs), 1, width=7.5, height=0.75 * len(labels) + 0.3)
            data: dict[str, list[object]] = {
                key: [] for key in ("method", "class", "ratio", "agrees", "png")
            }
            for (panel,), run in zip(axes, runs, strict=True):
                rows = []
                for label in labels:
                    ends = draw_images_of_class(view, label, 2, "transition")
                    mixed, ratios = self._between(run, ends)
                    rows.append(torch.cat([to_float(ends[:1]), mixed, to_float(ends[1:])]))
                    data["method"] += [run.label] * len(mixed)
                    data["class"] += [view.data.class_names[label]] * len(mixed)
                    data["ratio"] += ratios
                    data["agrees"] += neutral_agreement(view, mixed, label)
                    data["png"] += as_png(mixed)
                show_images(panel, rows, labels=[view.data.class_names[k] for k in labels])
                last = len(rows[0]) - 1
                ends_at = [(row, place) for row in range(len(rows)) for place in (0, last)]
                box_images(panel, rows[0].shape, ends_at, SOURCE)
                width = rows[0].shape[-1]
                middles = [k * (width + 1) + (width - 1) / 2 for k in range(last + 1)]
                texts = ["source", *(f"{ratio:.2g}" for ratio in ratios), "source"]
                panel.set_xticks(middles, texts, fontsize="x-small")
                panel.tick_params(length=0)
                panel.set_title(run.label, fontsize="small")
            caption = (
                f"Transitions on {view.name}: training images at both ends (boxed), between them "
                "decoded mixtures of their two latents, by the share of the right one. In the "
                "data, `agrees` tells whether the neutral classifier still sees the class."
            )
            yield Exhibit(f"transitions-{view.name}", caption, data, drawing)

    @torch.inference_mode()
    def _between(self, run: FinishedRun, ends: Tensor) -> tuple[Tensor, list[float]]:
        first, last = run.model.encode(to_float(ends))
        ratios = torch.linspace(0, 1, self.config.steps + 2, device=first.device)[1:-1]
        return run.model.decode(torch.lerp(first, last, ratios[:, None])), ratios.tolist()
