"""Evaluations of given images for the tests of metrics, with extractors that need no weights."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from regene_bench.api import (
    BenchmarkData,
    DeviceImages,
    Evaluation,
    Features,
    Metric,
    Score,
    Skipped,
)
from regene_bench.evaluation.comparison import Comparison
from regene_bench.evaluation.extractor import ExtractorCard, FeatureExtractor
from regene_bench.evaluation.feature_cache import FeatureCache
from tests.methods.builders import make_runtime


class Pixels(FeatureExtractor):
    """The pixels as features; the logits say in which third of the image it is brightest."""

    def prepare(self, data: object, runtime: object) -> None:
        pass

    @property
    def card(self) -> ExtractorCard:
        return ExtractorCard("pixels", 0, (0.0, 255.0), 64, "bb", "none")

    def extract(self, images: Tensor) -> Features:
        columns = images.float().mean(dim=(1, 2))
        # The stripes of the stripes data begin at columns 0, 2 and 5.
        logits = torch.stack([columns[:, 0:2], columns[:, 2:4], columns[:, 5:7]]).mean(dim=2).T
        return Features(images.float().flatten(1), logits)


def evaluation_of_images(
    images: Tensor,
    labels: Tensor,
    data: BenchmarkData,
    folder: Path,
    *,
    model: object = None,
    labelled: bool = True,
) -> Evaluation:
    """An evaluation of generated images against the whole train split, or the test split."""
    runtime = make_runtime(folder)
    return Evaluation(
        model=model,
        data=data,
        comparison=Comparison(labels, data.train, data.test, "train"),
        generated=DeviceImages(images, labels if labelled else torch.full_like(labels, -1)),
        trials={},
        shelf=FeatureCache(lambda name: Pixels, {}, data, runtime),
        runtime=runtime,
        labelled=labelled,
    )


def scores_of(metric: Metric, evaluation: Evaluation) -> list[Score]:
    """What a metric measures, without what it skips."""
    return [found for found in metric.measure(evaluation) if isinstance(found, Score)]


def reasons_of(metric: Metric, evaluation: Evaluation) -> dict[str, str]:
    """Why a metric skips columns."""
    skipped = (found for found in metric.measure(evaluation) if isinstance(found, Skipped))
    return {found.column: found.reason for found in skipped}


def noisy(images: Tensor, strength: float, seed: int = 0) -> Tensor:
    """Images with normal noise of a spread in levels of 255, as uint8."""
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(seed))
    return (images.float() + strength * noise).round().clamp(0, 255).to(torch.uint8)


def totals(scores: list[Score]) -> dict[str, float]:
    """Values of the scores that are for no class."""
    return {score.column: score.value for score in scores if score.class_name is None}


def by_class(scores: list[Score], column: str) -> dict[str, float]:
    """Values of a column by class."""
    return {s.class_name: s.value for s in scores if s.class_name and s.column == column}
