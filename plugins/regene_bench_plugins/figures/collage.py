"""Many generations of each class at once (ReGene, appendix C)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field

from regene_bench.api import Exhibit, Figure, FigureConfig, StudyView
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
