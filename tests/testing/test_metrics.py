"""A metric that keeps its contracts passes; each fault is found by the check that is for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch

from regene_bench.api import Column, Evaluation, Metric, MetricConfig, Score, Split
from regene_bench.testing import checks_for

from .subjects import UNREGISTERED, results_of, subject_of


class Good(Metric):
    """Distance of the mean grey level from that of real images."""

    columns: ClassVar[tuple[Column, ...]] = (Column("grey", "lower", summary="distance of means"),)

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        yield Score("grey", self.value(evaluation), n_generated=len(evaluation.generated))

    def value(self, evaluation: Evaluation) -> float:
        real, generated = evaluation.real().images, evaluation.generated.images
        return abs(float(real.double().mean() - generated.double().mean()))


class OfMoments(Good):
    """Distance of the mean features, which needs no more than these of real images."""

    moments_suffice: ClassVar[bool] = True
    extractors: ClassVar[tuple[str, ...]] = ("pooled",)

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        for score in super().measure(evaluation):
            card, split = evaluation.card("pooled"), evaluation.reference_split
            yield replace(score, card=card, reference_split=split)

    def value(self, evaluation: Evaluation) -> float:
        mean = evaluation.reference_gaussian("pooled").mean
        return float((evaluation.generated_features("pooled").features.mean(dim=0) - mean).norm())


class WrongWay(Good):
    """Says that more distance is better."""

    found_by = "better-images-score-no-worse"
    columns = (Column("grey", "higher", summary="distance of means"),)


class FirstImage(Good):
    """Looks at the first image alone."""

    found_by = "the-order-of-images-says-nothing"

    def value(self, evaluation: Evaluation) -> float:
        return float(evaluation.generated.images[0].double().mean())


class Dice(Good):
    """Adds what it draws from the global generator."""

    found_by = "the-same-images-have-the-same-scores"
    and_by = ("the-order-of-images-says-nothing",)

    def value(self, evaluation: Evaluation) -> float:
        return super().value(evaluation) + float(torch.rand(())) / 1000


class Infinite(Good):
    """Divides by nought."""

    found_by = "scores-are-of-declared-columns"

    def value(self, evaluation: Evaluation) -> float:
        return float("inf")


class Undeclared(Good):
    """Reports a column that it does not have."""

    found_by = "scores-are-of-declared-columns"

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        yield Score("gray", self.value(evaluation), n_generated=1)


class Speechless(Good):
    """Has a column without a summary."""

    found_by = "columns-are-declared"
    columns = (Column("grey", "lower"),)


class Demanding(Good):
    """Requires what nobody offers."""

    found_by = "columns-are-declared"
    and_by = ("scores-are-of-declared-columns",)
    requires = ("paint",)


class _Stubborn(MetricConfig):
    level: int


class NeedsOptions(Good):
    """Does not work without options."""

    found_by = "options-survive-json"
    and_by = (
        "scores-are-of-declared-columns",
        "options-are-an-extractor-and-a-split",
        "keeps-to-its-device",
    )
    Config = _Stubborn


class NotEnough(Good):
    """Says that it needs no real images, and looks at them."""

    found_by = "statistics-suffice-where-it-says-so"
    and_by = ("keeps-to-its-device",)
    moments_suffice = True


class Inverting(Good):
    """Inverts the images that other metrics will measure."""

    found_by = "scores-are-of-declared-columns"

    def value(self, evaluation: Evaluation) -> float:
        evaluation.generated.images.bitwise_not_()
        return 0.5


class Normalising(OfMoments):
    """Brings features that other metrics will see to mean nought, in place."""

    found_by = "scores-are-of-declared-columns"
    and_by = ("keeps-to-its-device",)

    def value(self, evaluation: Evaluation) -> float:
        features = evaluation.reference_features("pooled").features
        return float(features.sub_(features.mean(dim=0)).norm())


class Painting(Good):
    """Writes into the real images."""

    found_by = "scores-are-of-declared-columns"
    and_by = ("keeps-to-its-device",)

    def value(self, evaluation: Evaluation) -> float:
        evaluation.data.train.images.numpy()[0] = 3
        return 0.5


class Blind(Good):
    """Has one number for everybody."""

    found_by = "scores-change-with-the-images"

    def value(self, evaluation: Evaluation) -> float:
        return 0.25


class OneShape(Good):
    """Knows grey 16×16 images only."""

    found_by = "images-of-any-shape-are-measured"

    def value(self, evaluation: Evaluation) -> float:
        return float(evaluation.generated.images.reshape(-1, 256).double().std(dim=1).mean())


class _WithReference(MetricConfig):
    reference: Split | None = None


class OtherSplit(Good):
    """Says that it compares with the held-out images, and takes the protocol's."""

    found_by = "scores-are-of-the-split-that-they-name"

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        for score in super().measure(evaluation):
            yield replace(score, reference_split="test")


class DeafToReference(Good):
    """Has an option for the split, says it, and takes the protocol's."""

    found_by = "scores-are-of-the-split-that-they-name"
    Config = _WithReference
    config: _WithReference

    @property
    def reference(self) -> Split | None:
        return self.config.reference

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        split = self.reference or evaluation.reference_split
        for score in super().measure(evaluation):
            yield replace(score, reference_split=split)


class SaysNoReference(Good):
    """Has an option for the split, of which nobody hears."""

    found_by = "options-are-an-extractor-and-a-split"
    Config = _WithReference


class _WithPower(MetricConfig):
    power: int = 2


class Powers(Good):
    """Has an option that no row tells."""

    found_by = "options-are-an-extractor-and-a-split"
    Config = _WithPower


class Cardless(OfMoments):
    """Does not say which extractor its score rests on."""

    found_by = "scores-are-of-declared-columns"

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        for score in super().measure(evaluation):
            yield replace(score, card=None)


class SecretExtractor(OfMoments):
    """Compares features of an extractor that it does not declare."""

    found_by = "extractors-are-declared"
    extractors: ClassVar[tuple[str, ...]] = ()


class OnTheCpu(Good):
    """Compares with a grey level that it keeps on the CPU."""

    found_by = "keeps-to-its-device"

    def value(self, evaluation: Evaluation) -> float:
        return float(
            (evaluation.generated.images - torch.full(evaluation.generated.images.shape[-2:], 127))
            .double()
            .mean()
        )


class Undescribed(Good):
    found_by = "is-described"


class Borrows(Good):
    """Reports a column of a metric of regene-bench's."""

    found_by = "columns-are-its-own"
    columns = (Column("fid", "lower", summary="distance of means"),)

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        yield Score("fid", self.value(evaluation), n_generated=len(evaluation.generated))


FAULTY = (
    WrongWay, FirstImage, Dice, Infinite, Undeclared, Speechless, Demanding, NeedsOptions,
    NotEnough, Inverting, Normalising, Painting, Blind, OneShape, OtherSplit, DeafToReference,
    SaysNoReference, Powers, Cardless, SecretExtractor, OnTheCpu, Undescribed, Borrows,
)  # fmt: skip


def test_a_good_metric_passes_everything(tmp_path: Path) -> None:
    results = results_of("metric", subject_of("metric", OfMoments, tmp_path))
    assert {name: r.found for name, r in results.items() if r.status != "passed"} == {}


def test_a_metric_that_looks_at_real_images_needs_no_statistics(tmp_path: Path) -> None:
    results = results_of("metric", subject_of("metric", Good, tmp_path))
    open_ones = {name: r.status for name, r in results.items() if r.status != "passed"}
    assert open_ones == {
        "statistics-suffice-where-it-says-so": "skipped",
        "scores-are-of-the-split-that-they-name": "skipped",
    }


@pytest.mark.parametrize("metric", FAULTY, ids=lambda metric: metric.__name__)
def test_a_fault_is_found(metric: Any, tmp_path: Path) -> None:
    results = results_of("metric", subject_of("metric", metric, tmp_path))
    failed = {name: result.found for name, result in results.items() if result.status == "failed"}
    assert set(failed) == {metric.found_by, *getattr(metric, "and_by", ())}, failed


def test_there_is_a_fault_for_every_check() -> None:
    names = {check.name for check in checks_for("metric")}
    assert {metric.found_by for metric in FAULTY} == names - UNREGISTERED


def test_checking_leaves_the_users_cache_alone(tmp_path: Path, own_cache: Path) -> None:
    results_of("metric", subject_of("metric", Good, tmp_path))
    assert not own_cache.exists()
