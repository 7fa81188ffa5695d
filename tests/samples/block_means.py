"""An extractor without weights: the means of nine blocks of an image, registered as ``blocks``."""

from __future__ import annotations

import importlib.metadata

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from regene_bench.api import ExtractorCard, FeatureExtractor, Features, Register, hookimpl
from regene_bench.plugins.host import GROUP, PluginHost, load_plugins

DIMENSION = 9


def block_means(images: Tensor) -> Tensor:
    """Map ``[N, C, H, W]`` of any size to float32 ``[N, 9]``."""
    grey = images.to(torch.float32).mean(dim=1, keepdim=True)
    return F.adaptive_avg_pool2d(grey, 3).flatten(1)


class BlockMeans(FeatureExtractor):
    """Means of nine blocks of grey values."""

    weights_sha256 = "ab" * 32

    def prepare(self, data: object, runtime: object) -> None:
        pass

    @property
    def card(self) -> ExtractorCard:
        return ExtractorCard("blocks", 0, (0.0, 255.0), DIMENSION, self.weights_sha256, "none")

    def extract(self, images: Tensor) -> Features:
        return Features(block_means(images))


@hookimpl
def register_feature_extractors(register: Register) -> None:
    register("blocks", f"{__name__}:BlockMeans", summary="means of nine blocks")


def register_block_means(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let scoring and ``stats`` know the extractor, as if its plugin were installed."""

    def load() -> PluginHost:
        host = load_plugins()
        host.add(importlib.metadata.EntryPoint("blocks", __name__, GROUP), "tests", "0")
        return host

    for module in ("score_by_benchmark", "score_by_statistics", "stats"):
        monkeypatch.setattr(f"regene_bench.samples.{module}.load_plugins", load)
