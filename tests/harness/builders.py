"""Benchmarks, methods and runs in memory, for the tests of the core."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar

import torch
from pydantic import Field

from regene_bench.base.events import Sink, silent
from regene_bench.base.hashing import canonical_json
from regene_bench.data.device_images import BenchmarkData
from regene_bench.data.shapes import ImageShape, Preset
from regene_bench.evaluation.comparison import Comparison
from regene_bench.evaluation.feature_cache import FeatureCache
from regene_bench.evaluation.metric import Metric, NamedMetric
from regene_bench.harness.run import Setting
from regene_bench.harness.shared_data import SharedData
from regene_bench.harness.workbench import make_comparison
from regene_bench.plan.protocol import Benchmark, parse_benchmark
from regene_bench.plan.runs import Choice, Run, identify
from regene_bench.plugins.entries import Entry
from regene_bench.runtime.stop import StopRequest
from regene_bench.training.capabilities import Generation
from regene_bench.training.method import Method, MethodConfig
from tests.conftest import tiny_protocol_text
from tests.evaluation.fakes import MeanExtractor
from tests.methods.builders import make_runtime


class FlatConfig(MethodConfig):
    value: float = Field(default=0.5, ge=0, le=1)
    depth: int = Field(default=3, ge=0)


class FlatModel:
    """Images of one value."""

    def __init__(self, value: float, shape: ImageShape) -> None:
        self._value = value
        self._shape = shape

    def generate(self, labels: torch.Tensor, rng: object) -> Generation:
        s = self._shape
        images = torch.full((len(labels), s.channels, s.height, s.width), self._value)
        return Generation(images)


class Flat(Method):
    """Learns nothing."""

    Config = FlatConfig
    config: FlatConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        return {"depth": 9} if preset == "paper" else {}

    def fit(self, data: BenchmarkData, runtime: object) -> object:
        return FlatModel(self.config.value, data.shape)


class FlatVersion2(Flat):
    version: ClassVar[str] = "2"


def benchmark(**changes: str) -> Benchmark:
    """The tiny protocol, with words of its text replaced."""
    text = tiny_protocol_text("mean", rank_by="mean")
    for old, new in changes.items():
        text = text.replace(old, new)
    return parse_benchmark(text, "tiny.toml")


def entry(name: str = "flat", distribution: str = "some-dist") -> Entry:
    return Entry("method", name, distribution, "1.0", "nowhere:Nothing", "")


def choice(method: type[Method] = Flat, seed: int = 0, **params: Any) -> Choice:
    config = method.Config(**params)
    text = canonical_json(config.model_dump(mode="json"))
    return Choice(entry(), method, config, text, "flat", seed)


def run_of(method: type[Method] = Flat, seed: int = 0, **params: Any) -> Run:
    protocol = benchmark()
    (run,) = identify([choice(method, seed, **params)], protocol, "quick", "f00d")
    return run


def setting_of(
    folder: Path,
    data: BenchmarkData,
    *metrics: Metric,
    stop: StopRequest | None = None,
    emit: Sink = silent,
    **changes: Any,
) -> Setting:
    stop = stop or StopRequest()
    runtime = make_runtime(folder / "shelf", stop=stop)
    copy, comparison = deepcopy(data), make_comparison(benchmark(), "quick", data)

    def read_anew() -> tuple[BenchmarkData, Comparison]:
        again = deepcopy(copy)
        return again, make_comparison(benchmark(), "quick", again)

    values: dict[str, Any] = {
        "results": folder / "results",
        "data": data,
        "comparison": comparison,
        "shared": SharedData(data, comparison, read_anew),
        "shelf": FeatureCache(lambda name: MeanExtractor, {}, data, runtime),
        "metrics": [NamedMetric(type(metric).__name__, metric) for metric in metrics],
        "device": torch.device("cpu"),
        "precision": "float32",
        "checkpoint_seconds": 30.0,
        "stop": stop,
        "emit": emit,
    }
    return Setting(**(values | changes))
