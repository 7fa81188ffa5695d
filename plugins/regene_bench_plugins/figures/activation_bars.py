"""Bars of mean latents, a panel a class and run (ReGene, Figs. B.19 and B.20)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from pydantic import Field

from regene_bench.api import Exhibit, Figure, StudyView
from regene_bench_plugins.figures.choices import chosen_classes, runs_with_encoder
from regene_bench_plugins.figures.drawing import colour, panels, tidy
from regene_bench_plugins.figures.latents import LatentsConfig, test_latents


class ActivationBarsConfig(LatentsConfig):
    """What is shown.

    Attributes:
        n: Test images in all, taken from the start of each class.
        classes: Names of classes, a column each; the first four if empty.
    """

    classes: list[str] = Field(default_factory=list)


class ActivationBars(Figure):
    """Mean activation of each latent dimension over a class's test images, as bars.

    A row a run, a column a class, and one scale a run, so that few bars mean that few dimensions
    speak.
    """

    Config = ActivationBarsConfig
    config: ActivationBarsConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark."""
        for view in views:
            runs, labels = runs_with_encoder(view), chosen_classes(view, self.config.classes)
            drawing, axes = panels(len(runs), len(labels), width=2.6, height=1.7)
            data: dict[str, list[object]] = {
                key: [] for key in ("method", "class", "images", "dimension", "mean")
            }
            for own, run in zip(axes, runs, strict=True):
                latents, known = test_latents(view, run, self.config.n)
                means = [latents[known == label].mean(0) for label in labels]
                low, high = min(m.min() for m in means), max(m.max() for m in means)
                for panel, label, mean in zip(own, labels, means, strict=True):
                    name, count = view.data.class_names[label], int((known == label).sum())
                    _bars(panel, mean, colour(label))
                    panel.set_ylim(min(0.0, float(low)) * 1.05, float(high) * 1.05)
                    panel.set_title(f"{name} ({count} test images)", fontsize="x-small")
                    panel.tick_params(labelsize="xx-small")
                    data["method"] += [run.label] * len(mean)
                    data["class"] += [name] * len(mean)
                    data["images"] += [count] * len(mean)
                    data["dimension"] += list(range(len(mean)))
                    data["mean"] += mean.tolist()
                own[0].set_ylabel(f"{run.label}\nmean activation", fontsize="x-small")
            for panel in axes[-1]:
                panel.set_xlabel("latent dimension", fontsize="x-small")
            caption = (
                f"Mean latents of classes of {view.name} over their test images, a bar a "
                "dimension; panels of a row have one scale."
            )
            yield Exhibit(f"activation-bars-{view.name}", caption, data, drawing)


def _bars(panel: Axes, heights: np.ndarray, tint: str) -> None:
    # thousands of bars as one shape: as bars they would be as many objects in the SVG
    panel.fill_between(range(len(heights)), heights, step="mid", color=tint, linewidth=0)
    panel.set_xlim(-0.5, len(heights) - 0.5)
    tidy(panel)
