"""Many generations of each class at once (ReGene, appendix D.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from regene_bench.api import Exhibit, Figure, FigureConfig, FinishedRun, StudyView
from regene_bench_plugins.figures.drawing import as_png, panels, show_images


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
                kept = self._rows(view, run)
                drawing, ((panel,),) = panels(1, 1, width=7.5, height=0.47 * len(kept))
                named = [name for name, _ in kept] if run.evaluation.labelled else ()
                show_images(panel, [row for _, row in kept], labels=named)
                panel.set_title(run.label, fontsize="small")
                data: dict[str, list[Any]] = {
                    "class": [name for name, row in kept for _ in row],
                    "png": [png for _, row in kept for png in as_png(row)],
                }
                rows = "a row a class" if run.evaluation.labelled else "of no class"
                caption = f"Generations of {run.label} on {view.name}, {rows}, not chosen."
                name = f"collage-{view.name}-{run.method}-{run.run_id[:6]}"
                yield Exhibit(name, caption, data, drawing)

    def _rows(self, view: StudyView, run: FinishedRun) -> list[tuple[str, Tensor]]:
        """Class and images of each row; without labels just as many rows in order."""
        generated, n = run.evaluation.generated, self.config.columns
        names = view.data.class_names
        if not run.evaluation.labelled:
            return [("", row) for row in torch.split(generated.images[: n * len(names)], n)]
        rows = [(name, generated.images[generated.of_class(k)[:n]]) for k, name in enumerate(names)]
        return [(name, row) for name, row in rows if len(row)]
