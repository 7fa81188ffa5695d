"""A method made small, with the trainings that several checks share."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook

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
from regene_bench.testing.check import Broken, NotApplicable
from regene_bench.testing.methods.observed import (
    CountedStop,
    FinishedTraining,
    StoppedTraining,
    disturb,
)
from regene_bench.testing.stripes import another_test_split, striped_data
from regene_bench.training.capabilities import Generation, Generator
from regene_bench.training.method import Method, MethodConfig

SHAPE = ImageShape(1, 8, 8, 3)
TEN_CLASSES = ImageShape(1, 10, 10, 10)
_SEED = 0


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
        return self._finished(striped_data(SHAPE))

    @cached_property
    def again(self) -> FinishedTraining:
        """The first training again, after somebody used the global random generators, and beside
        other held-out images.

        Neither matters to a method that keeps its contracts, so that one training tells both.
        """
        disturb()
        return self._finished(another_test_split(striped_data(SHAPE)))

    @cached_property
    def other_seed(self) -> Generator:
        """The model of the smallest configuration with seed 1."""
        return generator_of(self.fit(self.runtime(seed=_SEED + 1)))

    @property
    def model(self) -> Generator:
        """The model of the first training.

        Raises:
            Broken: It cannot generate.
        """
        return generator_of(self.first_training.model)

    @cached_property
    def of_ten_classes(self) -> Generator:
        """The smallest configuration trained on ten classes of grey 10×10 images."""
        return generator_of(self.fit(data=striped_data(TEN_CLASSES)))

    @cached_property
    def asked_to_stop(self) -> StoppedTraining:
        """The same training again, asked to stop half-way.

        Raises:
            NotApplicable: There is no half-way.
        """
        whole = self.first_training
        if not whole.looks:
            raise NotApplicable(
                "fit looks at no stop request: fine if it takes a moment, else use train()"
            )
        # a stage's last step ends it, whoever asks for a stop
        if whole.looks <= max(1, len(whole.stages)):
            raise NotApplicable("the smallest training has a single step")
        folder = self.new_folder()
        try:
            self.fit(self.runtime(stop=CountedStop((whole.looks - 1) // 2), folder=folder))
        except Interrupted:
            return StoppedTraining(folder, whole.looks, obeyed=True)
        return StoppedTraining(folder, whole.looks, obeyed=False)

    @property
    def stopped(self) -> StoppedTraining:
        """The training that was stopped half-way.

        Raises:
            NotApplicable: There is no half-way, or it did not stop.
        """
        if not self.asked_to_stop.obeyed:
            raise NotApplicable("it did not stop: see a-stop-is-obeyed")
        return self.asked_to_stop

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

    def _finished(self, data: BenchmarkData) -> FinishedTraining:
        counted, updates = CountedStop(), 0

        def updated(*arguments: object) -> None:
            nonlocal updates
            updates += 1

        runtime = self.runtime(stop=counted)
        hook = register_optimizer_step_post_hook(updated)
        try:
            model = self.fit(runtime, data)
        finally:
            hook.remove()
        return FinishedTraining(
            model=model,
            data=data,
            looks=counted.looks,
            updates=updates,
            stages=tuple(report.name for report in runtime.ledger),
            folder=runtime.checkpoints.folder,
        )


def generator_of(model: object) -> Generator:
    """Return a fitted model as a generator.

    Raises:
        Broken: It has no ``generate``.
    """
    if not isinstance(model, Generator):
        raise Broken(f"fit returned a {type(model).__name__}, which has no method generate")
    return model


def sorted_labels(n_classes: int, each: int) -> Tensor:
    """Labels as the benchmark lays them out: int64 ``[n_classes · each]``, sorted by class."""
    return torch.arange(n_classes).repeat_interleave(each)


def draw(model: Generator, labels: Tensor, *, seed: int = 0, start: int = 0) -> Generation:
    """Generate one image a label, as the harness does: without gradients, from one seed, with a
    copy of the labels."""
    with torch.inference_mode():
        return model.generate(labels.clone(), SampleRng(seed, start))
