"""Distance and accuracy as originals give way to their reconstructions (ReGene, Fig. 15b)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from pydantic import Field
from torch import Tensor

from regene_bench.api import (
    DeviceImages,
    Exhibit,
    Figure,
    FigureConfig,
    FinishedRun,
    StudyView,
    UnavailableError,
    frechet_distance,
    to_float,
    to_uint8,
)
from regene_bench_plugins.figures.choices import runs_with_encoder, spread_evenly
from regene_bench_plugins.figures.drawing import colour, panels, tidy

_CHUNK = 256


class MixingConfig(FigureConfig):
    """What is mixed and measured.

    Attributes:
        n: Training images of the classes that are generated, spread evenly over the split, all
            where there are fewer; ``None`` for as many as the protocol's preset compares with.
        steps: Ratios from 0 (originals) to 1 (reconstructions), both ends counted.
        extractors: Whose Fréchet distance is drawn; those that cannot be had are left out.
    """

    n: int | None = Field(default=None, ge=100)
    steps: int = Field(default=6, ge=2, le=101)
    extractors: list[str] = Field(default=["efficientnet_lite0"], min_length=1)


class MixingRatio(Figure):
    """Pixels ``(1 − a)·original + a·reconstruction`` against the originals, for rising ``a``."""

    Config = MixingConfig
    config: MixingConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark, a panel a run.

        Raises:
            UnavailableError: None of the extractors can be had.
        """
        for view in views:
            n = self.config.n or view.benchmark.presets[view.preset].n_reference
            originals = spread_evenly(view.data.train_generated(), n)
            rows = [
                row
                for run in runs_with_encoder(view)
                for row in self._measured(view, run, originals)
            ]
            methods = list(dict.fromkeys(row[0] for row in rows))
            drawing, (axes,) = panels(1, len(methods), width=4.6, height=3.2)
            for panel, method in zip(axes, methods, strict=True):
                own = [row for row in rows if row[0] == method]
                twin = panel.twinx()
                for k, extractor in enumerate(dict.fromkeys(row[1] for row in own)):
                    of_extractor = [row for row in own if row[1] == extractor]
                    ratios = [row[2] for row in of_extractor]
                    distances = [row[3] for row in of_extractor]
                    panel.plot(ratios, distances, "o-", color=colour(2 * k), label=extractor)
                panel.plot([], [], "s--", color=colour(1), label="accuracy")
                first = [row for row in own if row[1] == own[0][1]]
                accuracies = [row[4] for row in first]
                twin.plot([row[2] for row in first], accuracies, "s--", color=colour(1))
                tidy(panel).legend(fontsize="x-small", loc="upper center")
                panel.set_title(method, fontsize="small")
                panel.set_xlabel("share of the reconstruction")
                panel.set_ylabel("Fréchet distance from the originals")
                twin.set_ylabel("accuracy by the neutral classifier", color=colour(1))
            names = ("method", "extractor", "ratio", "distance", "accuracy")
            data = {name: [row[i] for row in rows] for i, name in enumerate(names)}
            caption = (
                f"{len(originals):,} training images of {view.name} mixed in pixels with their "
                "reconstructions: Fréchet distance from the originals, and accuracy by the neutral "
                "classifier."
            )
            yield Exhibit(f"mixing-ratio-{view.name}", caption, data, drawing)

    def _measured(
        self, view: StudyView, run: FinishedRun, originals: DeviceImages
    ) -> Iterator[tuple[str, str, float, float, float]]:
        reconstructed = reconstructions(run, originals.images)
        ratios = torch.linspace(0, 1, self.config.steps).tolist()
        mixed = [_mixed(originals.images, reconstructed, ratio) for ratio in ratios]
        accuracies = [_accuracy(view, images, originals.labels) for images in mixed]
        missing: list[UnavailableError] = []
        for extractor in self.config.extractors:
            try:
                features = [
                    view.features(extractor, images, f"{run.label}: mixtures").features
                    for images in mixed
                ]
            except UnavailableError as error:
                missing.append(error)
                continue
            for ratio, found, accuracy in zip(ratios, features, accuracies, strict=True):
                distance = frechet_distance(features[0], found)
                yield run.label, extractor, ratio, distance, accuracy
        if len(missing) == len(self.config.extractors):
            raise UnavailableError(
                "None of the figure's extractors can be had.", hint="\n".join(map(str, missing))
            )


@torch.inference_mode()
def reconstructions(run: FinishedRun, images: Tensor) -> Tensor:
    """Encode and decode uint8 images ``[N, C, H, W]``; floats in [0, 1], the same shape."""
    model = run.model
    return torch.cat(
        [model.decode(model.encode(to_float(part))) for part in torch.split(images, _CHUNK)]
    )


def _mixed(images: Tensor, reconstructed: Tensor, ratio: float) -> Tensor:
    if ratio == 0:
        return images
    return to_uint8(torch.lerp(to_float(images), reconstructed.float(), ratio))


def _accuracy(view: StudyView, images: Tensor, labels: Tensor) -> float:
    logits = view.features("neutral", images, "mixtures").logits
    if logits is None:
        raise TypeError("the neutral classifier has logits")
    return float((logits.argmax(1) == labels).double().mean())
