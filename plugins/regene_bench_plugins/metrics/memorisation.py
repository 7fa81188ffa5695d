"""Whether generated images are training images, or nearer to them than they are to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import torch
from torch import Tensor

from regene_bench.api import (
    Column,
    Evaluation,
    ExtractorCard,
    Metric,
    MetricConfig,
    Nearness,
    Score,
    Split,
    nearness,
    share,
    ssim_each,
)

_AT_ONCE = 1024
_CANDIDATES = 10
_LEVELS = 255.0


class Memorisation(Metric):
    """Distances of generated images to the whole training split, in pixels.

    * ``nearest_pixels``: root mean square difference, in units of [0, 1], to the nearest training
      image; mean over generated images.
    * ``nearest_ssim``: highest structural similarity to any of the 10 training images that are
      nearest in pixels; mean over generated images. A training image that is more similar in
      structure but not among those 10 is not seen, so the value is a lower bound.
    * ``memorised_pixels``: share of generated images no farther from their nearest training image
      than that one is from its own nearest other training image (Alaa et al. 2022).
    * ``copies``: generated images equal to a training image in every value.

    Held-out real images have values of their own in all of them but ``copies``, since they come
    from the same distribution and were not learnt by heart: nearer is memorisation, farther is
    another distribution. Hence the direction ``reference``.

    None of them depends on the number of generated images but for noise. All depend on the size
    of the training split: in a smaller one, neighbours are farther off.
    """

    columns = (
        Column("nearest_pixels", "reference", summary="RMS distance to the nearest training image"),
        Column("nearest_ssim", "reference", summary="SSIM with the most similar training image"),
        Column(
            "memorised_pixels",
            "reference",
            summary="share nearer to a training image than that one to others, in pixels",
        ),
        Column("copies", "lower", "images", "generated images that are training images"),
    )

    @property
    def reference(self) -> Split | None:
        return "train"

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        images, training = evaluation.generated.images, evaluation.data.train.images
        found = _watched(evaluation, images, training, min(_CANDIDATES, len(training)))
        rms = found.distance / (_LEVELS * images[0].numel() ** 0.5)
        memorised = share(found.memorised)
        highest = _highest_ssim(evaluation, images, training, found.neighbours.indices)
        values: dict[str, tuple[float, float | None]] = {
            "nearest_pixels": (float(rms.mean()), None),
            "nearest_ssim": (float(highest.mean()), None),
            "memorised_pixels": (memorised.value, memorised.standard_error),
            "copies": (float((found.distance == 0).sum()), None),
        }
        yield from _scores(values, len(training), len(images), None)


class AuthenticityConfig(MetricConfig):
    """Options of ``authenticity``. It always compares with the whole training split.

    Attributes:
        extractor: Name of the feature extractor.
    """

    extractor: str = "efficientnet_lite0"


class Authenticity(Metric):
    """Distances of generated images to the whole training split, in an extractor's features.

    * ``nearest_features``: Euclidean distance to the nearest training image's features; mean over
      generated images.
    * ``memorised_features``: share of generated images no farther from their nearest training
      image than that one is from its own nearest other training image.
    * ``authenticity``: the rest, as Alaa et al. (2022) define it (AuthPct in Stein et al. 2023,
      divided by 100): 0 if the training images are handed back. The code that the first published
      looks distances of real images up by the index of generated ones; the definition is followed
      here, not that code.

    The directions are ``reference``, since noise is authentic too: see ``memorisation``. The
    values do not depend on the number of generated images but for noise; they depend on the size
    of the training split. The first use of an extractor takes the features of the whole training
    split, which are then kept on disk.
    """

    Config: ClassVar[type[MetricConfig]] = AuthenticityConfig
    config: AuthenticityConfig
    compares_features: ClassVar[bool] = False
    columns = (
        Column(
            "nearest_features", "reference", summary="distance to the nearest training features"
        ),
        Column(
            "memorised_features",
            "reference",
            summary="share nearer to a training image than that one to others, in features",
        ),
        Column("authenticity", "reference", summary="1 − memorised_features (Alaa et al. 2022)"),
    )

    @property
    def extractors(self) -> tuple[str, ...]:
        return (self.config.extractor,)

    @property
    def reference(self) -> Split | None:
        return "train"

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        name = self.config.extractor
        features = evaluation.generated_features(name).features
        training = evaluation.features_of(name, evaluation.data.train).features
        found = _watched(evaluation, features, training, 1)
        memorised = share(found.memorised)
        values: dict[str, tuple[float, float | None]] = {
            "nearest_features": (float(found.distance.mean()), None),
            "memorised_features": (memorised.value, memorised.standard_error),
            "authenticity": (1 - memorised.value, memorised.standard_error),
        }
        yield from _scores(values, len(training), len(features), evaluation.card(name))


def _scores(
    values: Mapping[str, tuple[float, float | None]],
    n_real: int,
    n_generated: int,
    card: ExtractorCard | None,
) -> Iterator[Score]:
    """Rows of columns with their values and standard errors."""
    for column, (value, std) in values.items():
        yield Score(
            column,
            value,
            std=std,
            n_real=n_real,
            n_generated=n_generated,
            card=card,
            reference_split="train",
        )


def _watched(evaluation: Evaluation, samples: Tensor, training: Tensor, k: int) -> Nearness:
    """``nearness`` in stretches between which a stop request is seen and progress told."""
    parts = []
    for start in range(0, len(samples), _AT_ONCE):
        evaluation.runtime.stop.check()
        parts.append(nearness(samples[start : start + _AT_ONCE], training, k))
        done = min(start + _AT_ONCE, len(samples))
        evaluation.runtime.progress("nearest training images", done, len(samples))
    return Nearness.joined(parts)


def _highest_ssim(
    evaluation: Evaluation, images: Tensor, training: Tensor, candidates: Tensor
) -> Tensor:
    """Highest SSIM of each image ``[N]`` with its candidates, int64 ``[N, k]``."""
    highest = torch.full((len(images),), -1.0, dtype=torch.float64, device=images.device)
    for place in range(candidates.shape[1]):
        evaluation.runtime.stop.check()
        highest = torch.maximum(highest, ssim_each(images, training[candidates[:, place]]))
    return highest
