"""Vendi scores, on the features of any extractor."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

from regene_bench.api import (
    Column,
    Evaluation,
    Metric,
    MetricConfig,
    Score,
    Skipped,
    vendi_scores,
)
from regene_bench_plugins.metrics.feature_metric import FeatureMetric, Sides, class_rows

# by column; the more a rare sample counts, the lower the order
_ORDERS = {"vendi_half": 0.5, "vendi": 1.0, "vendi_2": 2.0, "vendi_infinity": math.inf}


class VendiConfig(MetricConfig):
    """Options of ``vendi``, which looks at no real images.

    Attributes:
        extractor: Name of the feature extractor.
    """

    extractor: str = "efficientnet_lite0"


class Vendi(Metric):
    """The effective number of different generated images (Friedman and Dieng 2023).

    ``exp`` of the entropy of the eigenvalues of their features' cosine similarities: 1 if all
    point the same way, as many as there are if all are at right angles. Other orders (Pasarkar and
    Dieng 2024) weigh rare images more (1/2) or less (2, infinity). It grows with the number
    of images, and noise raises it as well: best where as many real images have it, which the row of
    ``real`` shows.
    """

    Config: ClassVar[type[MetricConfig]] = VendiConfig
    config: VendiConfig
    columns = tuple(
        Column(
            name,
            "reference",
            summary="effective number of different generated images"
            + ("" if order == 1 else f", order {'∞' if math.isinf(order) else f'{order:g}'}"),
        )
        for name, order in _ORDERS.items()
    )
    compares_features: ClassVar[bool] = False
    moments_suffice: ClassVar[bool] = True

    @property
    def extractors(self) -> tuple[str, ...]:
        return (self.config.extractor,)

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        name = self.config.extractor
        features = evaluation.generated_features(name).features
        evaluation.runtime.stop.check()
        for column, value in zip(
            _ORDERS, vendi_scores(features, tuple(_ORDERS.values())), strict=True
        ):
            yield Score(column, value, n_generated=len(features), card=evaluation.card(name))


class VendiPerClass(FeatureMetric):
    """``vendi`` within each class, over that of as many real images of the class.

    1 where a class is as diverse as the real one, and as small as can be where its images are all
    the same. Both sides have the same number of images, on which the score depends.
    """

    columns = (
        Column(
            "vendi_per_class",
            "reference",
            summary="effective number of images within a class, relative to real ones",
        ),
    )
    requires: ClassVar[tuple[str, ...]] = ("generate", "labels")

    def measure(self, evaluation: Evaluation) -> Iterator[Score | Skipped]:
        sides = Sides.of(evaluation, self.config.extractor, self.reference)
        real_images = evaluation.real(self.reference)
        rows = []
        for label, name in enumerate(evaluation.data.class_names):
            evaluation.runtime.stop.check()
            real = sides.real[real_images.of_class(label)]
            generated = sides.generated[evaluation.generated.of_class(label)]
            size = min(len(real), len(generated))
            if size < 2:
                continue
            (of_generated,), (of_real,) = vendi_scores(generated[:size]), vendi_scores(real[:size])
            rows.append(
                Score(
                    "vendi_per_class",
                    of_generated / of_real,
                    class_name=name,
                    n_real=size,
                    n_generated=size,
                    card=sides.card,
                    reference_split=sides.split,
                )
            )
        yield from class_rows("vendi_per_class", rows, sides, evaluation)
