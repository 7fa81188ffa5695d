"""The other two of the ReGene paper's three Fréchet distances: those of reconstructions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from regene_bench.api import (
    Column,
    Evaluation,
    Metric,
    MetricConfig,
    Score,
    Split,
    frechet_distance,
)
from regene_bench_plugins.metrics.classification_accuracy import places_like
from regene_bench_plugins.metrics.sides import Sides, singular_note


class ReconstructionConfig(MetricConfig):
    """Options of ``fd_reconstruction``; reconstructions are always of the test split.

    Attributes:
        extractor: Name of the feature extractor.
    """

    extractor: str = "efficientnet_lite0"


class FrechetReconstruction(Metric):
    """How far reconstructed test images are from the originals, and generated ones from those.

    Over as many test images of each class as were generated, or all where there are fewer, so that
    both distances are of sets of one size and composition.

    * ``fd_original_reconstructed``: the loss of encoder and decoder alone. Each image is compared
      in distribution with itself, so that the bias of few images is small.
    * ``fd_reconstructed_generated``: what generation loses beyond the decoder.
    """

    Config: ClassVar[type[MetricConfig]] = ReconstructionConfig
    config: ReconstructionConfig
    columns = (
        Column("fd_original_reconstructed", "lower", summary="Fréchet distance of reconstructions"),
        Column(
            "fd_reconstructed_generated",
            "lower",
            summary="Fréchet distance of generated images from reconstructed ones",
        ),
    )
    requires: ClassVar[tuple[str, ...]] = ("generate", "encode", "decode")
    compares_features: ClassVar[bool] = False

    @property
    def extractors(self) -> tuple[str, ...]:
        return (self.config.extractor,)

    @property
    def reference(self) -> Split | None:
        return "test"

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        name = self.config.extractor
        card = evaluation.card(name)
        test, generated = evaluation.data.test, evaluation.generated
        # Images of no class stand for the classes that were asked for.
        labels = generated.labels if evaluation.labelled else evaluation.comparison.labels
        places = places_like(labels, test, evaluation.data.fingerprint)
        original = evaluation.features_of(name, test.subset(places)).features
        reconstructed = evaluation.reconstructed_features(name, places).features
        made = evaluation.generated_features(name).features
        for column, first, second in (
            ("fd_original_reconstructed", original, reconstructed),
            ("fd_reconstructed_generated", reconstructed, made),
        ):
            note = singular_note(card.feature_dim, len(first), len(second))
            sides = Sides(first, second, card, "test")
            yield sides.score(column, frechet_distance(first, second), note=note)
