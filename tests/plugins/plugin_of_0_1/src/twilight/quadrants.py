"""Grey levels of four fields."""

from __future__ import annotations

import hashlib

from regene_bench.api import (
    BenchmarkData,
    ExtractorCard,
    FeatureExtractor,
    Features,
    Runtime,
    to_float,
)
from torch import Tensor
from torch.nn import functional as F


class Quadrants(FeatureExtractor):
    """Mean grey level in each of 2×2 fields: 4 features."""

    def prepare(self, data: BenchmarkData, runtime: Runtime) -> None:
        """There are no weights."""

    @property
    def card(self) -> ExtractorCard:
        return ExtractorCard(
            id="quadrants",
            input_size=0,
            value_range=(0.0, 1.0),
            feature_dim=4,
            weights_sha256=hashlib.sha256(b"mean grey level in 2x2 fields").hexdigest(),
            preprocess_id="grey-pooled2",
        )

    def extract(self, images: Tensor) -> Features:
        grey = to_float(images).mean(dim=1, keepdim=True)
        return Features(F.adaptive_avg_pool2d(grey, 2).flatten(1))
