"""All that a plugin author imports.

The core's other modules may change between versions; what is named here does not without a note in
the change log.
"""

from __future__ import annotations

from regene_bench.data.augment import augment
from regene_bench.data.dataset import BenchmarkData, DeviceImages, to_float, to_uint8
from regene_bench.errors import (
    ConfigError,
    DataError,
    Interrupted,
    MethodError,
    RegeneBenchError,
    TrainingDivergedError,
    UnavailableError,
)
from regene_bench.events import Message, Progress
from regene_bench.hookspecs import Register, hookimpl
from regene_bench.interfaces import (
    Augmentation,
    Classifier,
    Column,
    DatasetSource,
    Decoder,
    Encoder,
    ExtractorCard,
    FeatureExtractor,
    Features,
    Generation,
    Generator,
    ImageSet,
    ImageShape,
    Method,
    MethodConfig,
    Metric,
    Preset,
    Score,
    SourceRequest,
    Split,
    WeightsFile,
)
from regene_bench.rng import SampleRng
from regene_bench.runtime import Runtime
from regene_bench.training.loop import Batch, Stage, train
from regene_bench.training.report import StageReport
from regene_bench.training.schedules import Clock, Schedule, constant, decay_every, one_cycle

__all__ = [
    "Augmentation",
    "Batch",
    "BenchmarkData",
    "Classifier",
    "Clock",
    "Column",
    "ConfigError",
    "DataError",
    "DatasetSource",
    "Decoder",
    "DeviceImages",
    "Encoder",
    "ExtractorCard",
    "FeatureExtractor",
    "Features",
    "Generation",
    "Generator",
    "ImageSet",
    "ImageShape",
    "Interrupted",
    "Message",
    "Method",
    "MethodConfig",
    "MethodError",
    "Metric",
    "Preset",
    "Progress",
    "RegeneBenchError",
    "Register",
    "Runtime",
    "SampleRng",
    "Schedule",
    "Score",
    "SourceRequest",
    "Split",
    "Stage",
    "StageReport",
    "TrainingDivergedError",
    "UnavailableError",
    "WeightsFile",
    "augment",
    "constant",
    "decay_every",
    "hookimpl",
    "one_cycle",
    "to_float",
    "to_uint8",
    "train",
]
