"""How different the generated images of one class are from each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from regene_bench.api import (
    Column,
    DeviceImages,
    Evaluation,
    ExtractorCard,
    Score,
    Skipped,
    Split,
    draw_pairs,
    mean_pair_distance,
    mean_pair_ssim,
)
from regene_bench_plugins.metrics.feature_metric import FeatureMetric, ReferenceMetric

_FEATURE_PAIRS = 10_000
_IMAGE_PAIRS = 1_000


class Diversity(FeatureMetric):
    """Mean Euclidean distance between the features of two images of one class.

    * ``diversity_features``: of the generated images, over all pairs of a class or 10,000 that
      are drawn; per class, and the mean over the classes.
    * ``diversity_features_ratio``: the same divided by that of the real images of the class: 1 if
      they differ as much, 0 if each class is one image.

    Mode collapse inside classes lowers both; noise raises them as well, so they are best where
    real images have them. Means over pairs do not depend on the number of images but for noise.
    """

    columns = (
        Column("diversity_features", "reference", summary="mean feature distance within a class"),
        Column(
            "diversity_features_ratio",
            "reference",
            summary="diversity_features relative to real images of the class",
        ),
    )
    requires: ClassVar[tuple[str, ...]] = ("generate", "labels")

    def measure(self, evaluation: Evaluation) -> Iterator[Score | Skipped]:
        name = self.config.extractor
        generated = evaluation.generated_features(name).features
        real = evaluation.reference_features(name, self.reference).features

        def mean(features: Tensor, label: int) -> float:
            pairs = draw_pairs(len(features), _FEATURE_PAIRS, label, features.device)
            return mean_pair_distance(features, pairs)

        classes = _by_class(evaluation, generated, real, evaluation.real(self.reference), mean)
        yield from _both_columns(self, evaluation, classes, lambda distance: distance)


class SsimDiversity(ReferenceMetric):
    """Mean structural similarity of two images of one class, after Odena et al. (2017).

    * ``diversity_ssim``: of the generated images, over all pairs of a class or 1,000 that are
      drawn; per class, and the mean over the classes. Higher means less diverse.
    * ``diversity_ssim_ratio``: ``(1 − SSIM)`` of the generated images divided by that of the real
      images of the class: 1 if they differ as much, 0 if each class is one image.

    The paper takes MS-SSIM of 128×128 images; its five scales need 161 pixels a side under the
    usual window, so that the single-scale index stands here, at any size. Both are best where
    real images have them. Means over pairs do not depend on the number of images but for noise.
    """

    columns = (
        Column("diversity_ssim", "reference", summary="mean SSIM of two images of a class"),
        Column(
            "diversity_ssim_ratio",
            "reference",
            summary="1 − diversity_ssim relative to real images of the class",
        ),
    )
    requires: ClassVar[tuple[str, ...]] = ("generate", "labels")

    def measure(self, evaluation: Evaluation) -> Iterator[Score | Skipped]:
        real = evaluation.real(self.reference)

        def mean(images: Tensor, label: int) -> float:
            evaluation.runtime.stop.check()
            return mean_pair_ssim(
                images, draw_pairs(len(images), _IMAGE_PAIRS, label, images.device)
            )

        classes = _by_class(evaluation, evaluation.generated.images, real.images, real, mean)
        yield from _both_columns(self, evaluation, classes, lambda similarity: 1 - similarity)


@dataclass(frozen=True)
class _Class:
    """The means over the pairs of one class, and over how many images they go."""

    name: str
    generated: float
    real: float
    n_generated: int
    n_real: int


@dataclass(frozen=True)
class _Source:
    """What the scores of a metric have in common."""

    split: Split
    card: ExtractorCard | None
    n_classes: int


def _by_class(
    evaluation: Evaluation,
    generated: Tensor,
    real: Tensor,
    real_images: DeviceImages,
    mean: Callable[[Tensor, int], float],
) -> list[_Class]:
    """Means of the classes that have a pair on either side; the pairs are the same for all runs."""
    found = []
    for label, name in enumerate(evaluation.data.class_names):
        ours, theirs = evaluation.generated.of_class(label), real_images.of_class(label)
        if min(len(ours), len(theirs)) >= 2:
            means = mean(generated[ours], label), mean(real[theirs], label)
            found.append(_Class(name, *means, len(ours), len(theirs)))
    return found


def _both_columns(
    metric: ReferenceMetric,
    evaluation: Evaluation,
    classes: Sequence[_Class],
    spread: Callable[[float], float],
) -> Iterator[Score | Skipped]:
    """The means themselves, and their spreads relative to those of real images."""
    source = _Source(
        metric.reference or evaluation.reference_split,
        evaluation.card(metric.extractors[0]) if metric.extractors else None,
        len(evaluation.data.class_names),
    )
    mean, ratio = (column.name for column in metric.columns)
    yield from _scores(mean, classes, lambda c: c.generated, source)
    usable = [c for c in classes if spread(c.real) > 0]
    if classes and not usable:
        yield Skipped(ratio, "the real images of each class are all the same")
        return
    yield from _scores(ratio, usable, lambda c: spread(c.generated) / spread(c.real), source)


def _scores(
    column: str, classes: Sequence[_Class], value: Callable[[_Class], float], source: _Source
) -> Iterator[Score | Skipped]:
    """The mean over the classes, each weighing the same, and the classes themselves."""
    if not classes:
        yield Skipped(column, "no class has a pair of images, generated and real")
        return
    missing = source.n_classes - len(classes)
    yield Score(
        column,
        sum(value(c) for c in classes) / len(classes),
        n_real=sum(c.n_real for c in classes),
        n_generated=sum(c.n_generated for c in classes),
        card=source.card,
        reference_split=source.split,
        note=f"{missing} of {source.n_classes} classes have no pair of images" if missing else "",
    )
    for c in classes:
        yield Score(
            column,
            value(c),
            class_name=c.name,
            n_real=c.n_real,
            n_generated=c.n_generated,
            card=source.card,
            reference_split=source.split,
        )
