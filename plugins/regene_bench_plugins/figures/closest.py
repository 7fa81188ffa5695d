"""Nearest training images and nearest generations of a generation (ReGene, Figs. 12, 13)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
from regene_bench_plugins.figures.choices import chosen_classes
from regene_bench_plugins.figures.drawing import as_png, panels, show_images

_CHUNK = 256
# SSIM has no bound by a matrix product: it is computed for the nearest in pixels only
_SSIM_CANDIDATES = 500

_POOLS = {"training": "training images", "generations": "other generations"}


@dataclass(frozen=True)
class _Found:
    """A generation ``[1, ...]``, the images nearest to it ``[n, ...]`` and their distances."""

    of: Tensor
    images: Tensor
    distances: Tensor


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
            name, rows, measures = view.data.class_names[label], [], []
            for measure, found in self._found(view, run, label, among):
                n = len(found.images)
                measures.append(measure)
                rows.append(torch.cat([found.of, found.images]))
                data["class"] += [name] * (n + 1)
                data["measure"] += [measure] * (n + 1)
                data["rank"] += list(range(n + 1))
                data["distance"] += [0.0, *found.distances.tolist()]
                data["png"] += as_png(rows[-1])
            show_images(panel, rows)
            panel.set_title(f"{name}: by {', '.join(measures)}", fontsize="small")
        caption = (
            f"{run.label} on {view.name}: a generation (first of each row) and the nearest "
            f"{_POOLS[among]} of its class, a row a measure."
        )
        if among == "training":
            count = len(run.evaluation.real("train"))
            caption += f" Features: among {count:,} training images, those of the distances."
        stem = f"closest-{among}-{view.name}-{run.method}-{run.run_id[:6]}"
        return Exhibit(stem, caption, data, drawing)

    def _found(
        self, view: StudyView, run: FinishedRun, label: int, among: str
    ) -> Iterator[tuple[str, _Found]]:
        """The nearest images of a class by every measure."""
        n = self.config.matches
        made, pool = _made_and_pool(view, run, label, among)
        yield "squared error", _nearest(made, pool, made, pool, n)
        yield "SSIM", _by_ssim(made, pool, n)
        extractor = self.config.extractor
        own = view.features(extractor, made, "nearest images").features
        if among == "training":
            # Those that all Fréchet distances compare with have features already.
            real = run.evaluation.real("train")
            places = real.of_class(label)
            compared = real.images[places]
            features = run.evaluation.reference_features(extractor, "train").features[places]
        else:
            compared = pool
            features = view.features(extractor, pool, "nearest images").features
        yield f"features ({extractor})", _nearest(own, features, made, compared, n)
        if isinstance(run.model, Encoder):
            yield "latents", _nearest(_latents(run, made), _latents(run, pool), made, pool, n)


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


def _nearest(own: Tensor, others: Tensor, made: Tensor, pool: Tensor, n: int) -> _Found:
    """The images of a pool whose vectors ``others`` are nearest to ``own``."""
    found = nearest(own, others, n)
    return _Found(made, pool[found.indices[0]], found.distances[0])


def _by_ssim(made: Tensor, pool: Tensor, n: int) -> _Found:
    candidates = pool[nearest(made, pool, min(_SSIM_CANDIDATES, len(pool))).indices[0]]
    likeness = ssim_each(made.expand(len(candidates), *made.shape[1:]), candidates)
    best = likeness.argsort(descending=True, stable=True)[:n]
    return _Found(made, candidates[best], 1 - likeness[best])


@torch.inference_mode()
def _latents(run: FinishedRun, images: Tensor) -> Tensor:
    return torch.cat([run.model.encode(to_float(part)) for part in torch.split(images, _CHUNK)])
