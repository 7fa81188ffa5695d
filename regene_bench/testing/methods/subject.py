"""A method made small, with the trainings that several checks share."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from regene_bench.base.errors import Interrupted
from regene_bench.base.events import Sink
from regene_bench.base.validation import validate
from regene_bench.data.device_images import BenchmarkData
from regene_bench.data.shapes import ImageShape
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.random import SampleRng
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.stop import StopRequest
from regene_bench.testing.contract import Broken, NotApplicable
from regene_bench.testing.methods.stopping import CountedStop, StoppedTraining
from regene_bench.testing.separable import separable_data
from regene_bench.training.capabilities import Generation, Generator
from regene_bench.training.method import Method, MethodConfig

SHAPE = ImageShape(1, 8, 8, 3)


class MethodSubject:
    """What the checks of methods look at.

    Args:
        entry: The method's registration.
        folder: An empty folder, for checkpoints.
        host: The installed plugins.
        emit: Takes progress.
    """

    def __init__(self, entry: Entry, folder: Path, host: PluginHost, emit: Sink) -> None:
        self.entry = entry
        self.method: type[Method] = entry.load()
        self._folder = folder
        self._emit = emit
        self._numbers = itertools.count()

    @cached_property
    def data(self) -> BenchmarkData:
        """Three separable classes of grey 8×8 images."""
        return separable_data(SHAPE)

    @cached_property
    def model(self) -> Generator:
        """The smallest model, fitted once on ``data`` with seed 0."""
        return generator_of(self.fit())

    @cached_property
    def stopped(self) -> StoppedTraining:
        """The smallest training, stopped half-way."""
        counted = CountedStop()
        self.fit(self.runtime(stop=counted))
        folder = self.new_folder()
        try:
            half = (counted.looks - 1) // 2
            self.fit(self.runtime(stop=CountedStop(half), folder=folder))
        except Interrupted:
            return StoppedTraining(folder, counted.looks)
        raise NotApplicable(
            "the smallest training has a single step"
            if counted.looks
            else "fit looks at no stop request: fine if it takes a moment, else use train()"
        )

    def config(self, values: Mapping[str, Any] | None = None) -> MethodConfig:
        """A configuration: the method's smallest one if no values are given."""
        if values is None:
            values = self.method.smoke(SHAPE)
        return validate(self.method.Config, values, f"method {self.entry.name}")

    def runtime(
        self, *, seed: int = 0, stop: StopRequest | None = None, folder: Path | None = None
    ) -> Runtime:
        """A float32 runtime on the CPU, its checkpoints in a new folder if none is given."""
        return Runtime(
            device=torch.device("cpu"),
            precision="float32",
            seed=seed,
            checkpoints=CheckpointStore(folder or self.new_folder()),
            stop=stop or StopRequest(),
            emit=self._emit,
            task=self.entry.name,
        )

    def new_folder(self) -> Path:
        """The path of a folder that no other training uses."""
        return self._folder / str(next(self._numbers))

    def fit(
        self,
        runtime: Runtime | None = None,
        data: BenchmarkData | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> object:
        """Train a model: the smallest, on ``data`` with seed 0, where nothing else is given."""
        data = data or self.data
        values = self.method.smoke(data.shape) if values is None else values
        return self.method(self.config(values)).fit(data, runtime or self.runtime())


def generator_of(model: object) -> Generator:
    """Return a fitted model as a generator.

    Raises:
        Broken: It has no ``generate``.
    """
    if not isinstance(model, Generator):
        raise Broken(f"fit returned a {type(model).__name__}, which has no method generate")
    return model


def sorted_labels(n_classes: int, each: int) -> Tensor:
    """Labels as the benchmark lays them out: int64, sorted by class."""
    return torch.arange(n_classes).repeat_interleave(each)


def draw(model: Generator, labels: Tensor, *, seed: int = 0, start: int = 0) -> Generation:
    """Generate as the harness does."""
    with torch.inference_mode():
        return model.generate(labels, SampleRng(seed, start))
