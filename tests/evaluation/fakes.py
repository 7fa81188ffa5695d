"""A small extractor and a small model that count how often they are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from regene_bench.base.errors import UnavailableError
from regene_bench.evaluation.extractor import ExtractorCard, FeatureExtractor, Features
from regene_bench.runtime.random import SampleRng
from regene_bench.training.capabilities import Generation


class MeanExtractor(FeatureExtractor):
    """Mean of each image, and the mean times ten as its only logit."""

    weights_sha256: ClassVar[str] = "aa"
    prepared: ClassVar[int] = 0
    extracted: ClassVar[int] = 0
    seen_options: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def reset(cls) -> None:
        cls.weights_sha256 = "aa"
        cls.prepared = cls.extracted = 0

    def prepare(self, data: object, runtime: object) -> None:
        type(self).prepared += 1
        type(self).seen_options = self.options

    @property
    def card(self) -> ExtractorCard:
        return ExtractorCard("mean", 0, (0.0, 255.0), 1, self.weights_sha256, "none")

    def extract(self, images: Tensor) -> Features:
        type(self).extracted += len(images)
        means = images.float().mean(dim=(1, 2, 3))[:, None]
        return Features(means, 10 * means)


class NoLogits(MeanExtractor):
    def extract(self, images: Tensor) -> Features:
        return Features(super().extract(images).features)


class Missing(MeanExtractor):
    def prepare(self, data: object, runtime: object) -> None:
        type(self).prepared += 1
        raise UnavailableError("no weights today", hint="fetch them")


class HalvingModel:
    """Encodes to half the pixels' values and decodes back to them."""

    def __init__(self) -> None:
        self.encoded = 0

    def encode(self, images: Tensor) -> Tensor:
        self.encoded += len(images)
        return images.flatten(1) / 2

    def decode(self, latents: Tensor) -> Tensor:
        return latents.reshape(-1, 1, 8, 8) * 2

    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        return Generation(torch.zeros(len(labels), 1, 8, 8))
