"""The contracts between the core and its plugins.

The kinds of plugin with behaviour of their own (``Method``, ``Metric``, ``FeatureExtractor``,
``DatasetSource``, ``Figure``) have thin base classes, so that a wrong registration is found when it
is looked up and not in the middle of a run. What a fitted model can do stands in ``capabilities``.

Images are float32 ``[N, C, H, W]`` in [0, 1] unless a docstring says uint8.
"""

from __future__ import annotations

from regene_bench.interfaces.datasets import DatasetSource, ImageSet, SourceRequest
from regene_bench.interfaces.extractors import (
    ExtractorCard,
    FeatureExtractor,
    Features,
    WeightsFile,
)
from regene_bench.interfaces.figures import Exhibit, Figure, FigureConfig
from regene_bench.interfaces.methods import Method, MethodConfig
from regene_bench.interfaces.metrics import Column, Direction, Metric, MetricConfig, Score
from regene_bench.interfaces.shapes import PRESETS, Augmentation, ImageShape, Preset, Split

__all__ = [
    "PRESETS",
    "Augmentation",
    "Column",
    "DatasetSource",
    "Direction",
    "Exhibit",
    "ExtractorCard",
    "FeatureExtractor",
    "Features",
    "Figure",
    "FigureConfig",
    "ImageSet",
    "ImageShape",
    "Method",
    "MethodConfig",
    "Metric",
    "MetricConfig",
    "Preset",
    "Score",
    "SourceRequest",
    "Split",
    "WeightsFile",
]
