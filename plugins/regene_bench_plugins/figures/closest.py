"""Nearest training images and nearest generations of a generation (ReGene, Figs. 12, 13)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from pydantic import Field
from torch import Tensor

from regene_bench.api import (
    Encoder,
    Exhibit,
    Figure,
    FigureConfig,
    FinishedRun,
    StudyView,
    nearest,
    ssim_each,
    to_float,
)
from regene_bench_plugins.figures.drawing import as_png, panels, show_images
from regene_bench_plugins.figures.transitions import chosen_classes

_CHUNK = 256
# SSIM has no bound by a matrix product: it is computed for the nearest in pixels only
_SSIM_CANDIDATES = 500

Search = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


class ClosestConfig(FigureConfig):
    """What is looked for.

    Attributes:
        classes: Names of classes, one generation each; the first four if empty.
        matches: Nearest images a measure.
        extractor: Whose features are compared.
    """

    classes: list[str] = Field(default_factory=list)
    matches: int = Field(default=5, ge=1, le=20)
    extractor: str = "efficientnet_lite0"


class ClosestMatch(Figure):
    """One generation a class and its nearest images by pixels, SSIM, features and latents."""

    Config = ClosestConfig
    config: ClosestConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """Two drawings a benchmark and run: among training images, among generations."""
        for view in views:
            for run in view.first_of(*{run.method for run in view.runs}):
                if run.evaluation.labelled:
                    for among in ("training", "generations"):
                        yield self._drawn(view, run, among)

    def _drawn(self, view: StudyView, run: FinishedRun, among: str) -> Exhibit:
        labels = chosen_classes(view, self.config.classes)
        drawing, axes = panels(len(labels), 1, width=5.5, height=2.4)
        data: dict[str, list[object]] = {
            key: [] for key in ("class", "measure", "rank", "distance", "png")
        }
        for (panel,), label in zip(axes, labels, strict=True):
            made, pool = _made_and_pool(view, run, label, among)
            searches, name, rows = self._searches(view, run), view.data.class_names[label], []
            for measure, search in searches.items():
                places, distances = search(made, pool)
                rows.append(torch.cat([made, pool[places]]))
                n = len(places)
                data["class"] += [name] * (n + 1)
                data["measure"] += [measure] * (n + 1)
                data["rank"] += list(range(n + 1))
                data["distance"] += [0.0, *distances.tolist()]
                data["png"] += as_png(rows[-1])
            show_images(panel, rows)
            panel.set_title(f"{name}: by {', '.join(searches)}", fontsize="small")
        pool_name = "training images" if among == "training" else "other generations"
        caption = (
            f"{run.label} on {view.name}: a generation (first of each row) and the nearest "
            f"{pool_name} of its class, a row a measure."
        )
        stem = f"closest-{among}-{view.name}-{run.method}-{run.run_id[:6]}"
        return Exhibit(stem, caption, data, drawing)

    def _searches(self, view: StudyView, run: FinishedRun) -> Mapping[str, Search]:
        n = self.config.matches

        def by_features(made: Tensor, pool: Tensor) -> tuple[Tensor, Tensor]:
            task = "nearest images"
            first = view.features(self.config.extractor, made, task).features
            return _near(first, view.features(self.config.extractor, pool, task).features, n)

        def by_latents(made: Tensor, pool: Tensor) -> tuple[Tensor, Tensor]:
            return _near(_latents(run, made), _latents(run, pool), n)

        searches: dict[str, Search] = {
            "squared error": lambda made, pool: _near(made, pool, n),
            "SSIM": lambda made, pool: _by_ssim(made, pool, n),
            f"features ({self.config.extractor})": by_features,
        }
        return searches | ({"latents": by_latents} if isinstance(run.model, Encoder) else {})


def _made_and_pool(
    view: StudyView, run: FinishedRun, label: int, among: str
) -> tuple[Tensor, Tensor]:
    """The first generation of a class ``[1, ...]``, and what is searched, uint8."""
    generated = run.evaluation.generated
    own = generated.images[generated.of_class(label)]
    if among == "generations":
        return own[:1], own[1:]
    train = view.data.train
    return own[:1], train.images[train.of_class(label)]


def _near(made: Tensor, pool: Tensor, n: int) -> tuple[Tensor, Tensor]:
    found = nearest(made, pool, n)
    return found.indices[0], found.distances[0]


def _by_ssim(made: Tensor, pool: Tensor, n: int) -> tuple[Tensor, Tensor]:
    candidates, _ = _near(made, pool, min(_SSIM_CANDIDATES, len(pool)))
    likeness = ssim_each(made.expand(len(candidates), *made.shape[1:]), pool[candidates])
    best = likeness.argsort(descending=True, stable=True)[:n]
    return candidates[best], 1 - likeness[best]


@torch.inference_mode()
def _latents(run: FinishedRun, images: Tensor) -> Tensor:
    return torch.cat([run.model.encode(to_float(part)) for part in torch.split(images, _CHUNK)])
