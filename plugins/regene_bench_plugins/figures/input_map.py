"""What each point of a small input stands for (He, Figs. 2 to 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from matplotlib.axes import Axes
from pydantic import Field
from torch import Tensor

from regene_bench.api import (
    Exhibit,
    Figure,
    FigureConfig,
    FinishedRun,
    Generator,
    MethodError,
    SampleRng,
    StudyView,
)
from regene_bench_plugins.figures.drawing import GAP, as_png, panels, show_images

_MOST_DIMENSIONS = 3
_MOST_ABREAST = 5
# so many normal numbers stay within one standard deviation once in 10^42 times
_DRAWS = 256
_UNIFORM_REACH = 1.0


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
        reach: The axes go from minus this to this, in standard deviations; where a model's noise
            never leaves [−1, 1], no further than that.
        slices: Values of a third dimension.
    """

    side: int = Field(default=9, ge=2, le=40)
    reach: float = Field(default=2.0, gt=0)
    slices: int = Field(default=3, ge=1, le=9)


@dataclass(frozen=True)
class _Panel:
    """A title, and the noise ``[N, noise_dim]`` and labels ``[N]`` that are mapped."""

    title: str
    noise: Tensor
    labels: Tensor


class InputMap(Figure):
    """Images over a grid of noise: a panel a class, and a slice of the third dimension if any.

    A model without labels has panels for its slices alone.
    """

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
        dim, uniform = run.model.noise_dim, _is_uniform(run)
        reach = min(self.config.reach, _UNIFORM_REACH) if uniform else self.config.reach
        rows = self._panels(view, run, reach)
        drawing, axes = panels(len(rows), len(rows[0]), 4.0, 1.1 if dim == 1 else 4.4)
        data: dict[str, list[object]] = {key: [] for key in ("panel", "noise", "png")}
        for own, parts in zip(axes, rows, strict=True):
            for unused in own[len(parts) :]:
                unused.set_visible(False)
            for panel, part in zip(own, parts, strict=False):
                images = run.model.from_noise(part.noise, part.labels)
                show_images(panel, list(torch.split(images, self.config.side)))
                _mark_axes(panel, images.shape[-2:], self.config.side, reach, dim)
                panel.set_title(part.title, fontsize="small")
                data["panel"] += [part.title] * len(images)
                data["noise"] += part.noise.tolist()
                data["png"] += as_png(images)
        unit = " of its uniform distribution in [−1, 1)" if uniform else " standard deviations"
        along = (
            "from left to right"
            if dim == 1
            else "the first dimension downwards, the second from left to right"
        )
        caption = (
            f"{run.label} on {view.name}: images over its noise from {-reach:g} to {reach:g}"
            f"{unit}, {along}."
        )
        if not _sees_labels(run):
            caption += " The model sees no labels."
        return Exhibit(f"input-map-{view.name}-{run.run_id[:6]}", caption, data, drawing)

    def _panels(self, view: StudyView, run: FinishedRun, reach: float) -> list[list[_Panel]]:
        """Rows of panels: flat ones stand below each other, others side by side.

        The last row may be shorter than the first.
        """
        dim, side = run.model.noise_dim, self.config.side
        line = torch.linspace(-reach, reach, side, device=run.runtime.device)
        grid = line[:, None] if dim == 1 else torch.cartesian_prod(line, line)
        names = list(view.data.class_names) if _sees_labels(run) else ["no labels"]
        if dim < _MOST_DIMENSIONS:
            found = [_Panel(name, grid, _labels(grid, k)) for k, name in enumerate(names)]
            abreast = 1 if dim == 1 else _MOST_ABREAST
            return [found[k : k + abreast] for k in range(0, len(found), abreast)]
        rows = []
        for k, name in enumerate(names):
            row = []
            for level in torch.linspace(-reach, reach, self.config.slices).tolist():
                third = torch.full((len(grid), 1), level, device=grid.device)
                noise = torch.cat([grid, third], dim=1)
                title = f"{name}, third dimension {level:g}"
                row.append(_Panel(title, noise, _labels(noise, k)))
            rows.append(row)
        return rows


def _mark_axes(panel: Axes, size: Sequence[int], side: int, reach: float, dim: int) -> None:
    """Values of the noise along the images: the second dimension to the right, the first down."""
    shown = range(0, side, max(1, (side - 1) // 4))
    values = torch.linspace(-reach, reach, side).tolist()
    texts = [f"{values[k]:.2g}" for k in shown]
    height, width = size
    panel.tick_params(length=0)
    places = [k * (width + GAP) + (width - 1) / 2 for k in shown]
    panel.set_xticks(places, texts, fontsize="xx-small")
    panel.set_xlabel(f"noise dimension {min(dim, 2)}", fontsize="x-small")
    if dim > 1:
        places = [k * (height + GAP) + (height - 1) / 2 for k in shown]
        panel.set_yticks(places, texts, fontsize="xx-small")
        panel.set_ylabel("noise dimension 1", fontsize="x-small")


def _sees_labels(run: FinishedRun) -> bool:
    """A method that cannot go without labels has no parameter for it."""
    return run.params.get("conditional", True) is not False


def _is_uniform(run: FinishedRun) -> bool:
    """Whether none of a model's own noise leaves [−1, 1]: models do not tell its distribution."""
    if not isinstance(run.model, Generator):
        return False
    labels = torch.zeros(_DRAWS, dtype=torch.int64, device=run.runtime.device)
    drawn = run.model.generate(labels, SampleRng(run.runtime.derive_seed("reach of noise"))).latents
    return drawn is not None and float(drawn.abs().max()) <= _UNIFORM_REACH


def _labels(noise: Tensor, label: int) -> Tensor:
    return torch.full((len(noise),), label, dtype=torch.int64, device=noise.device)
