"""An extractor that keeps its contracts passes; each fault is found by the check for it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from regene_bench.api import BenchmarkData, ExtractorCard, FeatureExtractor, Features, WeightsFile
from regene_bench.base.errors import UnavailableError
from regene_bench.testing import checks_for

from .subjects import UNREGISTERED, results_of, subject_of

_SHA256 = "0123456789abcdef" * 4


class Good(FeatureExtractor):
    """Every fourth pixel's level in the first channel, sixteen of them."""

    def prepare(self, data: object, runtime: object) -> None:
        pass

    @property
    def card(self) -> ExtractorCard:
        return ExtractorCard(type(self).__name__, 0, (0.0, 1.0), 16, _SHA256, "none")

    def extract(self, images: Tensor) -> Features:
        return Features(images[:, 0].flatten(1)[:, ::4][:, :16].float() / 255)


class BatchScaled(Good):
    """Scales by the brightest pixel of the batch."""

    found_by = "features-do-not-depend-on-the-batch"

    def extract(self, images: Tensor) -> Features:
        features = super().extract(images).features
        return Features(features / features.max())


class Noisy(Good):
    """Adds noise."""

    found_by = "the-same-images-have-the-same-features"
    and_by = ("features-do-not-depend-on-the-batch", "features-do-not-depend-on-the-surroundings")

    def extract(self, images: Tensor) -> Features:
        features = super().extract(images).features
        return Features(features + torch.rand_like(features))


class AutocastFollower(Good):
    """Multiplies in whatever precision surrounds it."""

    found_by = "features-do-not-depend-on-the-surroundings"

    def extract(self, images: Tensor) -> Features:
        features = super().extract(images).features
        return Features((features @ torch.eye(16, device=images.device).mul(1.01)).float())


class Painter(Good):
    """Changes the images that it is given."""

    found_by = "features-do-not-depend-on-the-surroundings"
    and_by = ("the-same-images-have-the-same-features", "features-do-not-depend-on-the-batch")

    def extract(self, images: Tensor) -> Features:
        features = super().extract(images)
        images.zero_()
        return features


class Short(Good):
    """States twice the features that it gives."""

    found_by = "the-card-describes-the-features"

    @property
    def card(self) -> ExtractorCard:
        return replace(super().card, feature_dim=32)


class GreyOnly(Good):
    """Cannot see colour pictures."""

    found_by = "the-card-describes-the-features"

    def extract(self, images: Tensor) -> Features:
        return super().extract(images.reshape(len(images), 1, 8, 8))


class Anonymous(Good):
    """States no weights."""

    found_by = "the-card-is-complete"

    @property
    def card(self) -> ExtractorCard:
        return replace(super().card, weights_sha256="")


class EverNew(Good):
    """Has other weights at every preparation."""

    found_by = "the-card-is-complete"
    _count = itertools.count()

    def prepare(self, data: object, runtime: object) -> None:
        self._mine = next(self._count)

    @property
    def card(self) -> ExtractorCard:
        return replace(super().card, weights_sha256=f"{self._mine:064x}")


class RandomWeights(Good):
    """Multiplies by random weights, under one hash."""

    found_by = "equal-cards-mean-equal-features"

    def prepare(self, data: object, runtime: object) -> None:
        self._weights = torch.rand(16)

    def extract(self, images: Tensor) -> Features:
        return Features(super().extract(images).features * self._weights.to(images.device))


class HashOrdered(Good):
    """Has its features in the order of a set."""

    found_by = "equal-cards-mean-equal-features"

    def extract(self, images: Tensor) -> Features:
        order = [int(name) for name in {str(place) for place in range(16)}]
        return Features(super().extract(images).features[:, order])


class Peeping(Good):
    """Takes the mean of the held-out images from every image."""

    found_by = "features-do-not-depend-on-held-out-images"

    def prepare(self, data: object, runtime: object) -> None:
        assert isinstance(data, BenchmarkData)
        self._mean = data.test.images.float().mean() / 255

    def extract(self, images: Tensor) -> Features:
        return Features(super().extract(images).features - self._mean)


class Half(Good):
    """Computes in half precision, and says float32."""

    found_by = "the-arithmetic-is-that-of-the-card"

    def extract(self, images: Tensor) -> Features:
        return Features((images[:, 0].flatten(1)[:, ::4][:, :16].half() / 255).float())


class OtherWeights(Good):
    """States another hash than that of the file it declares."""

    found_by = "the-weights-hash-is-the-files"
    weights: ClassVar[tuple[WeightsFile, ...]] = (
        WeightsFile("w", "w.safetensors", "https://example.org/w", "f" * 64, 10),
    )


class OnTheCpu(Good):
    """Weighs pixels by what it keeps on the CPU."""

    found_by = "keeps-to-its-device"

    def extract(self, images: Tensor) -> Features:
        return Features(super().extract(images).features * torch.linspace(0, 1, 16))


class Undescribed(Good):
    found_by = "is-described"


FAULTY = (
    BatchScaled, Noisy, AutocastFollower, Painter, Short, GreyOnly, Anonymous, EverNew,
    OtherWeights, RandomWeights, HashOrdered, Peeping, Half, OnTheCpu, Undescribed,
)  # fmt: skip


def test_a_good_extractor_passes_everything(tmp_path: Path) -> None:
    results = results_of("extractor", subject_of("extractor", Good, tmp_path))
    assert {name: r.found for name, r in results.items() if r.status == "failed"} == {}
    skipped = [name for name, r in results.items() if r.status == "skipped"]
    assert skipped == ["the-weights-hash-is-the-files"]


@pytest.mark.parametrize("extractor", FAULTY, ids=lambda extractor: extractor.__name__)
def test_a_fault_is_found(extractor: Any, tmp_path: Path) -> None:
    subject = subject_of("extractor", extractor, tmp_path)
    results = results_of("extractor", subject)
    failed = {name: result.found for name, result in results.items() if result.status == "failed"}
    assert set(failed) == {extractor.found_by, *getattr(extractor, "and_by", ())}, failed


def test_there_is_a_fault_for_every_check() -> None:
    names = {check.name for check in checks_for("extractor")}
    assert {extractor.found_by for extractor in FAULTY} == names - UNREGISTERED


class NotToBeHad(Good):
    """Tries to download its weights, in vain."""

    tries = 0

    def prepare(self, data: object, runtime: object) -> None:
        NotToBeHad.tries += 1
        raise UnavailableError("no weights", hint="fetch them")


def test_weights_that_cannot_be_had_are_asked_for_once(tmp_path: Path) -> None:
    results = results_of("extractor", subject_of("extractor", NotToBeHad, tmp_path))
    skipped = [result for result in results.values() if "fetch them" in result.found]
    assert len(skipped) >= 4
    assert {result.status for result in skipped} == {"skipped"}
    assert NotToBeHad.tries == 1
