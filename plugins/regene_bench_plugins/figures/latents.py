"""What latents look like: a t-SNE map, a barcode a class (ReGene, Figs. 3a, 4, B.18–20)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from pydantic import Field
from sklearn.manifold import TSNE

from regene_bench.api import (
    Exhibit,
    Figure,
    FigureConfig,
    FinishedRun,
    StudyView,
    to_float,
)
from regene_bench_plugins.figures.choices import runs_with_encoder
from regene_bench_plugins.figures.drawing import colour, panels

_CHUNK = 256
_PERPLEXITY = 30.0
_MOST_ABREAST = 3


class LatentsConfig(FigureConfig):
    """How many images are looked at.

    Attributes:
        n: Test images in all, taken from the start of each class.
    """

    n: int = Field(default=1000, ge=50)


class LatentMap(Figure):
    """t-SNE of test images' latents, one panel a run."""

    Config = LatentsConfig
    config: LatentsConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark."""
        for view in views:
            runs = runs_with_encoder(view)
            columns = min(len(runs), _MOST_ABREAST)
            drawing, rows = panels(-(-len(runs) // columns), columns, width=3.6, height=3.6)
            axes = [panel for row in rows for panel in row]
            for panel in axes[len(runs) :]:
                panel.set_visible(False)
            data: dict[str, list[object]] = {key: [] for key in ("method", "class", "x", "y")}
            for panel, run in zip(axes, runs, strict=False):
                latents, labels = test_latents(view, run, self.config.n)
                places = map_of(latents, view.runtime.derive_seed("t-SNE"))
                self._panel(panel, run, places, labels, view.data.class_names)
                data["method"] += [run.label] * len(labels)
                data["class"] += [view.data.class_names[label] for label in labels]
                data["x"] += places[:, 0].tolist()
                data["y"] += places[:, 1].tolist()
            rows[0][-1].legend(
                fontsize="x-small", loc="upper left", bbox_to_anchor=(1, 1), markerscale=3
            )
            # there may be fewer than were asked for, and classes have equally many
            shown = len(data["class"]) // len(runs)
            caption = f"t-SNE maps of the latents of {shown} test images of {view.name}."
            yield Exhibit(f"latent-map-{view.name}", caption, data, drawing)

    def _panel(
        self,
        panel: Axes,
        run: FinishedRun,
        places: np.ndarray,
        labels: np.ndarray,
        names: Sequence[str],
    ) -> None:
        for label, name in enumerate(names):
            x, y = places[labels == label].T
            panel.scatter(x, y, s=4, linewidths=0, color=colour(label), label=name)
        panel.set_title(run.label, fontsize="small")
        panel.set_xticks([])
        panel.set_yticks([])


class Barcodes(Figure):
    """Mean activation of each latent dimension, a row a class; dark is active."""

    Config = LatentsConfig
    config: LatentsConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark, with the share of dimensions that are silent."""
        for view in views:
            runs = runs_with_encoder(view)
            drawing, axes = panels(len(runs), 1, width=8.0, height=1.7)
            shown = 0
            data: dict[str, list[object]] = {
                key: [] for key in ("method", "class", "dimension", "mean", "silent_share")
            }
            for (panel,), run in zip(axes, runs, strict=True):
                latents, labels = test_latents(view, run, self.config.n)
                kept = [k for k in range(len(view.data.class_names)) if (labels == k).any()]
                means = np.stack([latents[labels == k].mean(0) for k in kept])
                silent, shown = silent_shares(means), len(labels)
                spread = np.abs(means).max(axis=1, keepdims=True)
                panel.imshow(
                    np.abs(means) / np.where(spread > 0, spread, 1),
                    aspect="auto",
                    cmap="Greys",
                    interpolation="nearest",
                )
                panel.set_yticks(range(len(kept)), [view.data.class_names[k] for k in kept])
                panel.tick_params(labelsize="xx-small")
                panel.set_title(
                    f"{run.label}: {means.shape[1]} latents, "
                    f"{100 * float(silent.mean()):.0f} % silent",
                    fontsize="small",
                )
                for row, k in enumerate(kept):
                    width = means.shape[1]
                    data["method"] += [run.label] * width
                    data["class"] += [view.data.class_names[k]] * width
                    data["dimension"] += list(range(width))
                    data["mean"] += means[row].tolist()
                    data["silent_share"] += [float(silent[row])] * width
            axes[-1][0].set_xlabel("latent dimension", fontsize="x-small")
            caption = (
                f"Mean latents of each class of {view.name} over {shown} test images in all, "
                "absolute and over the largest; silent: below a hundredth of it."
            )
            yield Exhibit(f"barcodes-{view.name}", caption, data, drawing)


def test_latents(view: StudyView, run: FinishedRun, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Latents ``[n, D]`` and labels ``[n]`` of the first test images of each class."""
    test, n_classes = view.data.test, len(view.data.class_names)
    rows = torch.cat([test.of_class(k)[: max(1, n // n_classes)] for k in range(n_classes)])
    with torch.inference_mode():
        parts = [
            run.model.encode(to_float(part)) for part in torch.split(test.images[rows], _CHUNK)
        ]
    return torch.cat(parts).float().cpu().numpy(), test.labels[rows].cpu().numpy()


def map_of(latents: np.ndarray, seed: int) -> np.ndarray:
    """Places ``[N, 2]`` by t-SNE, started from principal components so that runs compare."""
    perplexity = min(_PERPLEXITY, (len(latents) - 1) / 3)
    tsne = TSNE(perplexity=perplexity, init="pca", random_state=seed % 2**32)
    places: np.ndarray = tsne.fit_transform(latents)
    return places


def silent_shares(means: np.ndarray) -> np.ndarray:
    """Share of dimensions whose mean is below a hundredth of the class's largest, ``[K]``."""
    sizes = np.abs(means)
    shares: np.ndarray = (sizes < 0.01 * sizes.max(axis=1, keepdims=True)).mean(axis=1)
    return shares
