"""A method made small, with the trainings that several checks share."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
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
from regene_bench.testing.check import Broken, NotApplicable, require
from regene_bench.testing.stripes import striped_data
from regene_bench.training.capabilities import Generation, Generator
from regene_bench.training.method import Method, MethodConfig

SHAPE = ImageShape(1, 8, 8, 3)
_SEED = 0


class CountedStop(StopRequest):
    """Asks for a stop when it has been looked at some number of times, and counts the looks.

    Training looks at the stop request once a step, so a count stops it at a known step.

    Args:
        after: Looks that go by before the stop; ``None`` for no stop.
    """

    def __init__(self, after: int | None = None) -> None:
        super().__init__()
        self.looks = 0
        self._after = after

    @property
    def reason(self) -> str | None:
        self.looks += 1
        return "the check" if self._after is not None and self.looks > self._after else None


@dataclass(frozen=True)
class FinishedTraining:
    """A training that nobody stopped.

    Attributes:
        model: What ``fit`` returned.
        data: What it was trained on; no other training was given these images.
        looks: How many times it looked at the stop request.
    """

    model: object
    data: BenchmarkData
    looks: int


@dataclass(frozen=True)
class StoppedTraining:
    """A training that was stopped half-way.

    Attributes:
        folder: Its checkpoints.
        looks_of_whole: Looks at the stop request in a training that nobody stopped.
    """

    folder: Path
    looks_of_whole: int


class MethodSubject:
    """What the checks of methods are called with.

    A training takes long, so checks share the first one, and the one that is stopped half-way.
    Each training is given images of its own: one that changes them disturbs no other.

    Args:
        entry: The method's registration.
        folder: An empty folder, for checkpoints.
        host: The installed plugins.
        emit: Takes the progress of trainings.
    """

    def __init__(self, entry: Entry, folder: Path, host: PluginHost, emit: Sink) -> None:
        self.entry = entry
        self.method: type[Method] = entry.load()
        self._folder = folder
        self._emit = emit
        self._numbers = itertools.count()

    @cached_property
    def data(self) -> BenchmarkData:
        """Three separable classes of grey 8×8 images, as they were before any training."""
        return striped_data(SHAPE)

    @cached_property
    def first_training(self) -> FinishedTraining:
        """The training of the smallest configuration with seed 0, made once."""
        data, counted = striped_data(SHAPE), CountedStop()
        model = self.fit(self.runtime(stop=counted), data)
        return FinishedTraining(model, data, counted.looks)

    @property
    def model(self) -> Generator:
        """The model of the first training.

        Raises:
            Broken: It cannot generate.
        """
        return generator_of(self.first_training.model)

    @cached_property
    def stopped(self) -> StoppedTraining:
        """The same training again, stopped half-way.

        Raises:
            NotApplicable: There is no half-way.
        """
        looks = self.first_training.looks
        folder = self.new_folder()
        try:
            self.fit(self.runtime(stop=CountedStop((looks - 1) // 2), folder=folder))
        except Interrupted:
            return StoppedTraining(folder, looks)
        raise NotApplicable(
            "the smallest training has a single step"
            if looks
            else "fit looks at no stop request: fine if it takes a moment, else use train()"
        )

    def config(self, values: Mapping[str, Any] | None = None) -> MethodConfig:
        """Validate the values of a configuration; the method's smallest one if none are given."""
        if values is None:
            values = self.method.smoke(SHAPE)
        return validate(self.method.Config, values, f"method {self.entry.name}")

    def runtime(
        self, *, seed: int = _SEED, stop: StopRequest | None = None, folder: Path | None = None
    ) -> Runtime:
        """Make a float32 runtime on the CPU, its checkpoints in a new folder if none is given."""
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
        """Give the path of a folder that no other training uses; it is not made."""
        return self._folder / str(next(self._numbers))

    def trained_with(self, seed: int) -> Generator:
        """Give the model of the smallest configuration trained with a seed.

        With the seed of the first training it is that one's model, and nothing is trained.

        Raises:
            Broken: It cannot generate.
        """
        if seed == _SEED:
            return self.model
        return generator_of(self.fit(self.runtime(seed=seed)))

    def fit(
        self,
        runtime: Runtime | None = None,
        data: BenchmarkData | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> object:
        """Train a model and return it.

        Args:
            runtime: Where and with which seed; by default a new one with seed 0.
            data: What to train on; by default a copy of ``data``.
            values: The configuration; by default the smallest for the images' shape.
        """
        data = data or striped_data(SHAPE)
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


def shortened(values: Mapping[str, Any], share: float) -> dict[str, Any]:
    """Give the values of a configuration with every length of training cut to a share of it.

    Lengths are ``images``, ``epochs`` and names that end so; other values stay as they are.
    """
    return {name: _cut(name, value, share) for name, value in values.items()}


def _cut(name: str, value: Any, share: float) -> Any:
    word = name.rpartition("_")[2]
    if word == "images" and isinstance(value, int):
        return max(1, int(value * share))
    return value * share if word == "epochs" and isinstance(value, int | float) else value


def sorted_labels(n_classes: int, each: int) -> Tensor:
    """Labels as the benchmark lays them out: int64 ``[n_classes · each]``, sorted by class."""
    return torch.arange(n_classes).repeat_interleave(each)


def draw(model: Generator, labels: Tensor, *, seed: int = 0, start: int = 0) -> Generation:
    """Generate one image a label, as the harness does: without gradients, from one seed.

    Raises:
        Broken: The labels were written into.
    """
    given = labels.clone()
    with torch.inference_mode():
        generation = model.generate(given, SampleRng(seed, start))
    require(torch.equal(given, labels), "generate has changed the labels that it was given")
    return generation
