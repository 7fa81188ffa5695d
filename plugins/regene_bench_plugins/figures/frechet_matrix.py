"""Fréchet distances of all runs from each other and from real images (He, Table 1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from regene_bench.api import Exhibit, Figure, FigureConfig, StudyView, frechet_distance
from regene_bench_plugins.figures.drawing import panels


class FrechetMatrixConfig(FigureConfig):
    """What is compared.

    Attributes:
        extractor: Whose features.
    """

    extractor: str = "efficientnet_lite0"


class FrechetMatrix(Figure):
    """One symmetric matrix a benchmark; real images come last."""

    Config = FrechetMatrixConfig
    config: FrechetMatrixConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """One drawing a benchmark, with the first seed of each set of parameters."""
        extractor = self.config.extractor
        for view in views:
            runs = view.first_of(*{run.method for run in view.runs})
            features = {run.label: run.evaluation.generated_features(extractor) for run in runs}
            features["real images"] = runs[0].evaluation.reference_features(extractor)
            split = runs[0].evaluation.reference_split
            names = list(features)
            distances = [
                [
                    0.0 if a == b else frechet_distance(features[a].features, features[b].features)
                    for b in names
                ]
                for a in names
            ]
            side = 0.9 * len(names) + 1.2
            drawing, ((panel,),) = panels(1, 1, width=side, height=side)
            panel.imshow(distances, cmap="Blues")
            largest = max(map(max, distances))
            for i, row in enumerate(distances):
                for j, value in enumerate(row):
                    tint = "white" if value > largest / 2 else "black"
                    panel.text(j, i, f"{value:.4g}", ha="center", va="center", color=tint)
            panel.set_xticks(range(len(names)), names, rotation=30, ha="right")
            panel.set_yticks(range(len(names)), names)
            data: dict[str, list[object]] = {"": list(names)}
            data |= {name: [row[j] for row in distances] for j, name in enumerate(names)}
            caption = (
                f"Fréchet distances on {view.name} ({extractor}) of generated images from each "
                f"other and from real images of the {split} split."
            )
            yield Exhibit(f"frechet-matrix-{view.name}", caption, data, drawing)
