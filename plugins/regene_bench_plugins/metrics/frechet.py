"""Fréchet distances: of generated from real images, by class, extrapolated, of real from real, and
of reconstructions.

All are on the features of one extractor, in float64, with unbiased covariances. With as few images
as a feature vector has dimensions the covariance is singular and the distance biased upwards; then
the row's note says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from regene_bench.api import (
    Column,
    Evaluation,
    Metric,
    MetricConfig,
    Score,
    Skipped,
    Split,
    check_pair,
    frechet_at_infinity,
    frechet_at_infinity_from,
    frechet_distance,
    frechet_from,
    split_distances,
    subset_sizes,
)
from regene_bench_plugins.metrics.feature_metric import (
    FeatureMetric,
    ReferenceMetric,
    Sides,
    class_rows,
    score_against_statistics,
)
from regene_bench_plugins.metrics.image_sets import rows_per_class_like


class FrechetDistance(FeatureMetric):
    """Fréchet distance on any extractor (Heusel et al. 2017), unbiased covariances, float64.

    It grows as images get fewer, by an amount that depends on the generator: compare only rows of
    equal numbers of images.
    """

    columns = (Column("fd", "lower", summary="Fréchet distance on the extractor's features"),)
    moments_suffice: ClassVar[bool] = True

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        yield _score("fd", evaluation, self.config.extractor, self.reference)


class InceptionFrechet(ReferenceMetric):
    """FID (Heusel et al. 2017): ``fd`` on the 2015 Inception network, nothing standing in for it.

    Preprocessing is clean-fid's (Parmar et al. 2022), but of images rounded to 8 bits. The bias is
    that of ``fd``; the literature's numbers are of 50,000 images on each side.
    """

    extractors: ClassVar[tuple[str, ...]] = ("inception",)
    columns = (Column("fid", "lower", summary="Fréchet Inception distance, clean-fid convention"),)
    moments_suffice: ClassVar[bool] = True

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        yield _score("fid", evaluation, "inception", self.reference)


class EfficientNetFrechet(ReferenceMetric):
    """``fd`` on the embedded EfficientNet-Lite0, which works without a download.

    The network saw natural images (ImageNet, Tan and Le 2019). Its values cannot be read as FID.
    """

    extractors: ClassVar[tuple[str, ...]] = ("efficientnet_lite0",)
    columns = (
        Column(
            "fd_efficientnet_lite0",
            "lower",
            summary="Fréchet distance, EfficientNet-Lite0 features",
        ),
    )
    moments_suffice: ClassVar[bool] = True

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        yield _score(self.columns[0].name, evaluation, "efficientnet_lite0", self.reference)


class FrechetPerClass(FeatureMetric):
    """Fréchet distance within each class, and its mean over classes with their spread.

    The mean is Miyato and Koyama's intra FID (2018). A generator that confuses classes keeps its
    overall distance but not these. A class has few images, so that the bias is large: compare
    only rows of equal numbers of images.
    """

    columns = (Column("fd_per_class", "lower", summary="Fréchet distance within each class"),)
    requires: ClassVar[tuple[str, ...]] = ("generate", "labels")

    def measure(self, evaluation: Evaluation) -> Iterator[Score | Skipped]:
        both = Sides.of(evaluation, self.config.extractor, self.reference)
        real_images = evaluation.real(self.reference)
        rows = []
        for label, name in enumerate(evaluation.data.class_names):
            evaluation.runtime.stop.check()
            real = both.real[real_images.of_class(label)]
            generated = both.generated[evaluation.generated.of_class(label)]
            if min(len(real), len(generated)) < 2:
                continue
            rows.append(
                Score(
                    "fd_per_class",
                    frechet_distance(real, generated),
                    class_name=name,
                    n_real=len(real),
                    n_generated=len(generated),
                    card=both.card,
                    reference_split=both.split,
                    note=singular_note(both.card.feature_dim, len(real), len(generated)),
                )
            )
        yield from class_rows("fd_per_class", rows, both, evaluation)


class FrechetInfinity(FeatureMetric):
    """The intercept of the Fréchet distance over 1/N (Chong and Forsyth 2020).

    Fifteen random subsets of 5,000 images (or half of the images, if there are fewer than 10,000)
    up to all; the real side is fixed. The standard error and the 95 % interval are of the
    straight line, not of another sample of images. For a near-perfect generator the value may
    be below zero. With fewer images than dimensions the distance is no straight line over 1/N.
    """

    columns = (Column("fd_infinity", "lower", summary="Fréchet distance extrapolated to N = ∞"),)
    moments_suffice: ClassVar[bool] = True

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        if evaluation.statistics is not None:
            yield self._against_statistics(evaluation)
            return
        sides = Sides.of(evaluation, self.config.extractor, self.reference)
        smallest = subset_sizes(len(sides.generated))[0]
        line = frechet_at_infinity(
            sides.real, sides.generated, between=evaluation.runtime.stop.check
        )
        notes = [
            f"slope {line.slope:.6g}",
            singular_note(sides.card.feature_dim, len(sides.real), smallest),
        ]
        yield sides.score(
            "fd_infinity",
            line.intercept,
            std=line.standard_error,
            interval=(line.intercept - line.half_width, line.intercept + line.half_width),
            note="; ".join(note for note in notes if note),
        )

    def _against_statistics(self, evaluation: Evaluation) -> Score:
        name = self.config.extractor
        generated = evaluation.generated_features(name).features
        line = frechet_at_infinity_from(
            evaluation.reference_gaussian(name), generated, between=evaluation.runtime.stop.check
        )
        note = singular_note(generated.shape[1], subset_sizes(len(generated))[0])
        return score_against_statistics(
            evaluation,
            name,
            "fd_infinity",
            line.intercept,
            std=line.standard_error,
            interval=(line.intercept - line.half_width, line.intercept + line.half_width),
            note="; ".join(part for part in (f"slope {line.slope:.6g}", note) if part),
        )


class FrechetReal(FeatureMetric):
    """Mean and spread over ten random splits of the reference images.

    The smaller part has as many images as were generated, or half of the reference images if these
    are fewer; the larger part has the rest; both have the same class proportions. A generator at
    this value cannot be told from real images by this distance. It says nothing of the generator,
    hence no direction.
    """

    columns = (
        Column("fd_real", "none", summary="Fréchet distance of real images from real images"),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        name = self.config.extractor
        real = evaluation.reference_features(name, self.reference).features
        wanted = len(evaluation.generated)
        size = min(wanted, len(real) // 2)
        labels = evaluation.real(self.reference).labels
        distances = split_distances(real, labels, size, between=evaluation.runtime.stop.check)
        card = evaluation.card(name)
        notes = [
            singular_note(card.feature_dim, size),
            "" if size == wanted else f"{wanted} were generated: their bias is smaller",
        ]
        yield Score(
            "fd_real",
            float(distances.mean()),
            std=float(distances.std(unbiased=False)),
            n_real=len(real) - size,
            n_generated=size,
            card=card,
            reference_split=self.reference or evaluation.reference_split,
            note="; ".join(note for note in notes if note),
        )


class ReconstructionConfig(MetricConfig):
    """Options of ``fd_reconstruction``; reconstructions are always of the test split.

    Attributes:
        extractor: Name of the feature extractor.
    """

    extractor: str = "efficientnet_lite0"


class FrechetReconstruction(Metric):
    """How far reconstructions are from their originals, and generated images from reconstructions.

    Over as many test images of each class as were generated, or all where there are fewer, so that
    all three distances are of the same originals and of sets of one size and composition, as the
    ReGene paper's Table 3 has them.

    * ``fd_original_generated``: what ``fd`` is, but from those test images. ``fd`` itself has the
      protocol's reference, mostly training images and more of them, and does not compare with the
      other two.
    * ``fd_original_reconstructed``: the loss of encoder and decoder alone. Each image is compared
      in distribution with itself, so that the bias of few images is small.
    * ``fd_reconstructed_generated``: what generation loses beyond the decoder.
    """

    Config: ClassVar[type[MetricConfig]] = ReconstructionConfig
    config: ReconstructionConfig
    columns = (
        Column(
            "fd_original_generated",
            "lower",
            summary="Fréchet distance of generated images from as many originals",
        ),
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
        test, generated = evaluation.held_out, evaluation.generated
        # Images of no class stand for the classes that were asked for.
        labels = generated.labels if evaluation.labelled else evaluation.comparison.labels
        places = rows_per_class_like(labels, test, evaluation.data.fingerprint)
        original = evaluation.features_of(name, test.subset(places)).features
        reconstructed = evaluation.reconstructed_features(name, places).features
        made = evaluation.generated_features(name).features
        for column, first, second in (
            ("fd_original_generated", original, made),
            ("fd_original_reconstructed", original, reconstructed),
            ("fd_reconstructed_generated", reconstructed, made),
        ):
            note = singular_note(card.feature_dim, len(first), len(second))
            sides = Sides(first, second, card, "test")
            yield sides.score(column, frechet_distance(first, second), note=note)


def _score(column: str, evaluation: Evaluation, extractor: str, reference: Split | None) -> Score:
    if evaluation.statistics is not None:
        generated = evaluation.generated_features(extractor).features
        value = frechet_from(evaluation.reference_gaussian(extractor), generated)
        known = [n for n in (evaluation.statistics.n, len(generated)) if n is not None]
        note = singular_note(generated.shape[1], *known)
        return score_against_statistics(evaluation, extractor, column, value, note=note)
    sides = Sides.of(evaluation, extractor, reference)
    note = singular_note(sides.card.feature_dim, len(sides.real), len(sides.generated))
    if len(sides.real) < sides.real.shape[1]:
        return sides.score(column, frechet_distance(sides.real, sides.generated), note=note)
    check_pair(sides.real, sides.generated)
    fixed = evaluation.reference_gaussian(extractor, reference)
    return sides.score(column, frechet_from(fixed, sides.generated), note=note)


def singular_note(dimension: int, *counts: int) -> str:
    """What to know of a Fréchet distance from so few images; empty where they suffice."""
    fewest = min(counts)
    if fewest > dimension:
        return ""
    return f"{fewest} images for {dimension} dimensions: biased upwards, singular"
