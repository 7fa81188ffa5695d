"""What each point of a small input stands for (He, Figs. 2 to 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import torch
from pydantic import Field
from torch import Tensor

from regene_bench.api import Exhibit, Figure, FigureConfig, FinishedRun, MethodError, StudyView
from regene_bench_plugins.figures.drawing import as_png, panels, show_images

_MOST_DIMENSIONS = 3


@runtime_checkable
class FromNoise(Protocol):
    """A model that can be given its noise."""

    @property
    def noise_dim(self) -> int:
        """Length of the noise."""
        ...

    def from_noise(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Map noise ``[N, noise_dim]`` and labels ``[N]`` to images."""
        ...


class InputMapConfig(FigureConfig):
    """What is drawn.

    Attributes:
        side: Images along each axis of the noise.
        reach: The axes go from minus this to this, in standard deviations.
        slices: Values of a third dimension.
    """

    side: int = Field(default=9, ge=2, le=40)
    reach: float = Field(default=2.0, gt=0)
    slices: int = Field(default=3, ge=1, le=9)


class InputMap(Figure):
    """Images over a grid of noise, a panel a class, or a slice of the third dimension."""

    Config = InputMapConfig
    config: InputMapConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark and run with at most three dimensions of noise.

        Raises:
            MethodError: No run has a model that takes noise of one to three dimensions.
        """
        for view in views:
            runs = [
                run
                for run in view.first_of(*{run.method for run in view.runs})
                if isinstance(run.model, FromNoise) and 1 <= run.model.noise_dim <= _MOST_DIMENSIONS
            ]
            if not runs:
                raise MethodError(f"No run on {view.name} takes one to three dimensions of noise.")
            for run in runs:
                yield self._drawn(view, run)

    def _drawn(self, view: StudyView, run: FinishedRun) -> Exhibit:
        parts = list(self._panels(view, run))
        flat = run.model.noise_dim == 1
        drawing, axes = panels(
            len(parts) if flat else 1, 1 if flat else len(parts), 4.0, 0.7 if flat else 4.2
        )
        data: dict[str, list[object]] = {key: [] for key in ("panel", "noise", "png")}
        for panel, (title, noise, labels) in zip(
            [panel for row in axes for panel in row], parts, strict=True
        ):
            images = run.model.from_noise(noise, labels)
            side = self.config.side
            show_images(panel, list(torch.split(images, side)))
            panel.set_title(title, fontsize="small")
            data["panel"] += [title] * len(images)
            data["noise"] += noise.tolist()
            data["png"] += as_png(images)
        caption = (
            f"{run.label} on {view.name}: images over its noise from {-self.config.reach:g} to "
            f"{self.config.reach:g} standard deviations, the first dimension downwards."
        )
        return Exhibit(f"input-map-{view.name}-{run.run_id[:6]}", caption, data, drawing)

    def _panels(self, view: StudyView, run: FinishedRun) -> Iterator[tuple[str, Tensor, Tensor]]:
        """Title, noise ``[N, noise_dim]`` and labels ``[N]`` of each panel."""
        reach, dim = self.config.reach, run.model.noise_dim
        line = torch.linspace(-reach, reach, self.config.side, device=run.runtime.device)
        grid = line[:, None] if dim == 1 else torch.cartesian_prod(line, line)
        if dim == _MOST_DIMENSIONS:
            for level in torch.linspace(-reach, reach, self.config.slices).tolist():
                third = torch.full((len(grid), 1), level, device=grid.device)
                noise = torch.cat([grid, third], dim=1)
                yield f"third dimension {level:g}", noise, _labels(noise, 0)
            return
        for label, name in enumerate(view.data.class_names):
            yield name, grid, _labels(grid, label)


def _labels(noise: Tensor, label: int) -> Tensor:
    return torch.full((len(noise),), label, dtype=torch.int64, device=noise.device)
