"""Feature likelihood divergence, on the features of any extractor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from torch import Tensor

from regene_bench.api import (
    Column,
    Evaluation,
    FeatureLikelihood,
    Metric,
    MetricConfig,
    Score,
    Skipped,
    Split,
    feature_likelihood,
    halves_likelihood,
)

_FEWEST = 4


class FldConfig(MetricConfig):
    """Options of ``fld``, which looks at the whole training split and at the test split.

    Attributes:
        extractor: Name of the feature extractor.
    """

    extractor: str = "efficientnet_lite0"


class FeatureLikelihoodDivergence(Metric):
    """How much less likely test images are than under real ones (Jiralerspong et al. 2023).

    A Gaussian stands on each generated image's features, as wide as makes training images likely.

    * ``fld``: 100 times the difference, in nats per dimension, of test images' likelihood to that
      under as many training images, at most half of them, fitted to the others. 0 is as good as
      real images; copies of training images come to hundreds, since Gaussians of no width on them
      say nothing of test images.
    * ``fld_gap``: 100 times how much likelier test images are than training ones: about 0, and far
      below where training images were memorised.

    Fewer generated images make it larger; the baseline has as many. Where more than a tenth of the
    generated images are test images, as those of ``real`` are, nothing is measured. Memory is four
    bytes for each pair of a training image and a generated one.
    """

    Config: ClassVar[type[MetricConfig]] = FldConfig
    config: FldConfig
    compares_features: ClassVar[bool] = False
    columns = (
        Column("fld", "lower", summary="feature likelihood divergence: test images, × 100"),
        Column("fld_gap", "reference", summary="how much likelier test images are than training"),
    )

    @property
    def extractors(self) -> tuple[str, ...]:
        return (self.config.extractor,)

    @property
    def reference(self) -> Split | None:
        return "train"

    def measure(self, evaluation: Evaluation) -> Iterator[Score | Skipped]:
        name, data = self.config.extractor, evaluation.data
        generated = evaluation.generated_features(name).features
        training = evaluation.features_of(name, data.train_generated()).features
        held_out = evaluation.features_of(name, evaluation.held_out).features
        if min(map(len, (generated, training, held_out))) < _FEWEST:
            yield from self._skipped(f"fewer than {_FEWEST} images on a side")
            return
        if _share_of_copies(generated, held_out) > 0.1:
            yield from self._skipped("the generated images are test images")
            return
        stop = evaluation.runtime.stop.check
        size = min(len(generated), len(training) // 2)
        baseline = self._baseline(evaluation, training, held_out, size)
        found = feature_likelihood(generated, training, held_out, between=stop)
        values = {"fld": found.divergence(baseline), "fld_gap": found.gap}
        for column, value in values.items():
            yield Score(
                column,
                value,
                n_real=len(held_out),
                n_generated=len(generated),
                card=evaluation.card(name),
                reference_split="test",
                note=f"fitted to {len(training)} training images",
            )

    def _baseline(
        self, evaluation: Evaluation, training: Tensor, held_out: Tensor, size: int
    ) -> FeatureLikelihood:
        """The likelihood under real images, computed once for all runs of a call."""

        def compute(_: Tensor) -> FeatureLikelihood:
            stop = evaluation.runtime.stop.check
            return halves_likelihood(training, held_out, size, between=stop)

        what = f"likelihood under {size} training images"
        return evaluation.of_reference(what, self.config.extractor, "train", compute)

    def _skipped(self, why: str) -> Iterator[Skipped]:
        yield from (Skipped(column.name, why) for column in self.columns)


def _share_of_copies(generated: Tensor, held_out: Tensor) -> float:
    """The share of generated features that are equal to those of a test image."""
    known = {row.tobytes() for row in held_out.cpu().numpy()}
    return sum(row.tobytes() in known for row in generated.cpu().numpy()) / len(generated)
