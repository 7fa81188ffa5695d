"""Plugins that work on a CPU and not, or slowly, on a GPU.

Each has the words that its finding must have (``says``), and the end of the line of source that it
must name (``line``).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench.api import (
    Batch,
    BenchmarkData,
    Clock,
    Column,
    DeviceImages,
    Evaluation,
    ExtractorCard,
    FeatureExtractor,
    Features,
    ImageShape,
    MethodError,
    Metric,
    Runtime,
    SampleRng,
    Score,
    Stage,
    constant,
    train,
)
from tests.testing.good_method import NOISE, Good, GoodModel

MIXED = "tensors of the CPU meet tensors of the device"
CUDA = "it asks for CUDA, whatever device it is given"
NUMPY = "NumPy is given a tensor of the device"
ON_CPU = "on the CPU"
EVERY_STEP = "training waits for the device at every step"
_FORWARD = "pixels = torch.sigmoid(self.network(torch.cat([one_hot, noise / 10], dim=1)))"


class Fault:
    says: ClassVar[str]
    line: ClassVar[str]


class NoiseOfTheCpu(Fault, Good):
    """Draws its noise on the CPU, and leaves it there."""

    says, line = f"{MIXED}: Expected", _FORWARD

    def model(self, shape: ImageShape, runtime: Runtime) -> GoodModel:
        model = super().model(shape, runtime)
        model.noise = lambda labels, rng: rng.normal(len(labels), (NOISE,))  # type: ignore[method-assign]
        return model


class NetworkOfTheCpu(Fault, Good):
    """Leaves its network where it was made."""

    says, line = f"{MIXED} (the weights of Linear lie {ON_CPU})", _FORWARD

    def model(self, shape: ImageShape, runtime: Runtime) -> GoodModel:
        return GoodModel(self.network(shape), shape)


class CpuByName(Fault, Good):
    """Trains on the CPU, wherever it is to train."""

    says, line = f"the weights of Linear lie {ON_CPU}", _FORWARD

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GoodModel:
        slow = replace(runtime, device=torch.device("cpu"))
        model = self.model(data.shape, slow)
        images = DeviceImages(data.train.images.to("cpu"), data.train.labels.to("cpu"))
        train(self.stage(model, len(images)), images, slow)
        return model


class ParametersOfTheCpu(Fault, Good):
    """Fits a grey level on the CPU."""

    says = f"SGD changes parameters that lie {ON_CPU}"
    line = "optimizer.step()"

    def train(self, model: GoodModel, data: BenchmarkData, runtime: Runtime) -> None:
        level = nn.Parameter(torch.zeros(()))
        optimizer = torch.optim.SGD([level], lr=0.1)
        torch.autograd.backward((level - data.train.images.float().mean().cpu()) ** 2)
        optimizer.step()


class CudaByName(Fault, Good):
    """Moves its network to a device that is not there."""

    says, line = CUDA, 'return super().network(shape).to("cuda")'

    def network(self, shape: ImageShape) -> nn.Linear:
        return super().network(shape).to("cuda")


class GeneratorOfTheCpu(Fault, Good):
    """Draws on the device from a random generator of the CPU."""

    says, line = MIXED, "return torch.randn(size, device=labels.device, generator=generator)"

    def model(self, shape: ImageShape, runtime: Runtime) -> GoodModel:
        model, generator = super().model(shape, runtime), torch.Generator()

        def noise(labels: Tensor, rng: SampleRng) -> Tensor:
            size = (len(labels), NOISE)
            return torch.randn(size, device=labels.device, generator=generator)

        model.noise = noise  # type: ignore[method-assign]
        return model


class EncodesInNumpy(Fault, Good):
    """Encodes by NumPy, which sees tensors of the CPU alone."""

    says, line = NUMPY, "return torch.from_numpy(np.asarray(images).mean(axis=(2, 3)))"

    class Model(GoodModel):
        def encode(self, images: Tensor) -> Tensor:
            return torch.from_numpy(np.asarray(images).mean(axis=(2, 3)))

    def model(self, shape: ImageShape, runtime: Runtime) -> GoodModel:
        return self.Model(self.network(shape).to(runtime.device), shape)


class EncodesToTheCpu(Fault, Good):
    """Gives latents where nobody looks for them."""

    says, line = "encode was given tensors on pretended:0 and gives one on cpu", ""

    class Model(GoodModel):
        def encode(self, images: Tensor) -> Tensor:
            return images.flatten(1).cpu()

    def model(self, shape: ImageShape, runtime: Runtime) -> GoodModel:
        return self.Model(self.network(shape).to(runtime.device), shape)


class Waiting(Fault, Good):
    """Base of methods that wait for something at every step."""

    says = EVERY_STEP

    def stage(self, model: GoodModel, n_train: int) -> Stage:
        stage = super().stage(model, n_train)

        def step(batch: Batch) -> dict[str, Tensor]:
            losses = dict(stage.step(batch))
            self.wait(batch, losses["loss"])
            return losses

        return replace(stage, step=step)

    def wait(self, batch: Batch, loss: Tensor) -> None:
        raise NotImplementedError


class ReadsTheLoss(Waiting):
    line = "self.last = loss.item()"

    def wait(self, batch: Batch, loss: Tensor) -> None:
        self.last = loss.item()


class AsksWhetherItIsFinite(Waiting):
    line = "if not torch.isfinite(loss):"

    def wait(self, batch: Batch, loss: Tensor) -> None:
        if not torch.isfinite(loss):
            raise ValueError


class CopiesTheLoss(Waiting):
    line = "self.last = loss.cpu()"

    def wait(self, batch: Batch, loss: Tensor) -> None:
        self.last = loss.cpu()


class SendsNoise(Waiting):
    line = "self.last = torch.randn(64, NOISE).to(loss.device)"

    def wait(self, batch: Batch, loss: Tensor) -> None:
        self.last = torch.randn(64, NOISE).to(loss.device)


class CountsByNonzero(Waiting):
    line = "self.last = len(torch.nonzero(batch.labels == 1))"

    def wait(self, batch: Batch, loss: Tensor) -> None:
        self.last = len(torch.nonzero(batch.labels == 1))


class ChoosesByMaskedSelect(Waiting):
    line = "self.last = torch.masked_select(batch.labels, batch.labels > 0)"

    def wait(self, batch: Batch, loss: Tensor) -> None:
        self.last = torch.masked_select(batch.labels, batch.labels > 0)


class ChoosesByMask(Waiting):
    line = "self.last = batch.images[batch.labels == 1]"

    def wait(self, batch: Batch, loss: Tensor) -> None:
        self.last = batch.images[batch.labels == 1]


class WaitsInALoopOfItsOwn(Fault, Good):
    """Trains without the common loop, and looks at no stop request."""

    says, line = EVERY_STEP, "self.losses.append(float(loss))"

    def train(self, model: GoodModel, data: BenchmarkData, runtime: Runtime) -> None:
        optimizer = torch.optim.SGD(model.network.parameters(), lr=0.1)
        self.losses: list[float] = []
        noise = torch.zeros(len(data.train), NOISE, device=runtime.device)
        for _ in range(4):
            loss = F.mse_loss(model.images(data.train.labels, noise), data.train.images / 255)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            self.losses.append(float(loss))


class ChangesANumber(Fault, Good):
    """Says that its steps can be captured, and weighs its loss by the clock of the host."""

    says = "the steps of good differ, and cannot be captured: mul(float32[], 1."
    line = "weighted = error * (2 - batch.clock.progress)"

    def stage(self, model: GoodModel, n_train: int) -> Stage:
        return _captured(super().stage(model, n_train), self.loss, model)

    def loss(self, error: Tensor, batch: Batch) -> Tensor:
        weighted = error * (2 - batch.clock.progress)
        return weighted


class CountsOnTheHost(Fault, Good):
    """Says that its steps can be captured, and weighs its loss by a count of the CPU."""

    says = "the steps of good differ, and cannot be captured: mul(float32[], 3.0 (on the CPU)) is"
    line = "return error * self.count"

    def stage(self, model: GoodModel, n_train: int) -> Stage:
        self.count = torch.zeros(())
        return _captured(super().stage(model, n_train), self.loss, model)

    def loss(self, error: Tensor, batch: Batch) -> Tensor:
        self.count += 1
        return error * self.count


class HasNoCapturableOptimizer(Fault, Good):
    """Says that its steps can be captured, with an optimiser that cannot be."""

    says, line = "good is not captured: torch cannot capture SGD", ""

    def stage(self, model: GoodModel, n_train: int) -> Stage:
        stage = super().stage(model, n_train)
        sgd = torch.optim.SGD(model.network.parameters(), lr=0.1)
        return replace(stage, optimizers={"sgd": sgd}, stretch=constant)


class CapturesItsSteps(Good):
    """No fault: what changes from step to step is in its batches."""

    def stage(self, model: GoodModel, n_train: int) -> Stage:
        stage = _captured(super().stage(model, n_train), self.loss, model)
        return replace(stage, weights={"share": lambda clock: 2 - clock.progress})

    def loss(self, error: Tensor, batch: Batch) -> Tensor:
        return error * batch.weights["share"]


class CapturesEachStretch(Good):
    """No fault: its step becomes another one late in the stage, and it says so."""

    def stage(self, model: GoodModel, n_train: int) -> Stage:
        stage = _captured(super().stage(model, n_train), self.loss, model)
        return replace(stage, stretch=_is_late)

    def loss(self, error: Tensor, batch: Batch) -> Tensor:
        return error.sqrt() if _is_late(batch.clock) else error


def _is_late(clock: Clock) -> bool:
    return clock.progress > 0.6


def _captured(stage: Stage, loss_of: Callable[[Tensor, Batch], Tensor], model: GoodModel) -> Stage:
    """The stage with a step whose loss is a function of the error and the batch."""
    (optimizer,) = stage.optimizers.values()

    def step(batch: Batch) -> Mapping[str, Tensor]:
        noise = torch.randn(len(batch.labels), NOISE, device=batch.labels.device)
        error = F.mse_loss(model.images(batch.labels, noise), batch.images)
        loss = loss_of(error, batch)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        return {"loss": loss.detach()}

    return replace(stage, step=step, stretch=constant)


class WaitsNowAndThen(Good):
    """No fault: it waits before it trains, and between its two stages."""

    def train(self, model: GoodModel, data: BenchmarkData, runtime: Runtime) -> None:
        for name in ("first", "second"):
            self.share = float((data.train.labels == 1).float().mean())
            stage = self.stage(model, len(data.train))
            train(replace(stage, name=name), data.train, runtime)


class ReadsTheLossOnceAnEpoch(Good):
    """No fault: it looks at the stop request, and at the loss, once in twenty updates."""

    def train(self, model: GoodModel, data: BenchmarkData, runtime: Runtime) -> None:
        optimizer = torch.optim.SGD(model.network.parameters(), lr=0.1)
        noise = torch.zeros(len(data.train), NOISE, device=runtime.device)
        for _ in range(4):
            for _ in range(20):
                loss = model.images(data.train.labels, noise).mean()
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
            self.last = float(loss)
            runtime.stop.check()


class RefusesAShortTraining(Good):
    """No fault: it wants more than four steps."""

    def stage(self, model: GoodModel, n_train: int) -> Stage:
        self.steps = 0
        stage = super().stage(model, n_train)

        def step(batch: Batch) -> Mapping[str, Tensor]:
            self.steps += 1
            return stage.step(batch)

        return replace(stage, step=step)

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GoodModel:
        model = super().fit(data, runtime)
        if self.steps < 5:
            raise MethodError("The network has learnt nothing.", hint="Train longer.")
        return model


class Talkative(Good):
    """No fault of this kind: it prints."""

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GoodModel:
        print('{"status": "failed"}')
        return super().fit(data, runtime)


class Dies(Good):
    """Takes its process with it."""

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GoodModel:
        print("good night", file=sys.stderr, flush=True)
        os._exit(3)


class Grey(Fault, Metric):
    """Base of metrics of grey levels."""

    columns: ClassVar[tuple[Column, ...]] = (Column("grey", "reference", summary="grey level"),)

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        yield Score("grey", self.grey(evaluation.generated.images.float()), n_generated=90)

    def grey(self, images: Tensor) -> float:
        raise NotImplementedError


class WeightsOfTheCpu(Grey):
    says, line = MIXED, "return float((images * torch.linspace(0, 1, 16)).mean())"

    def grey(self, images: Tensor) -> float:
        return float((images * torch.linspace(0, 1, 16)).mean())


class NetworkOfTheCpuAlone(Grey):
    says = f"the weights of Linear lie {ON_CPU}"
    line = "return float(nn.Linear(256, 1)(images.flatten(1).cpu()).mean())"

    def grey(self, images: Tensor) -> float:
        return float(nn.Linear(256, 1)(images.flatten(1).cpu()).mean())


class WeightsOfCuda(Grey):
    says, line = CUDA, "return float(images.cuda().mean())"

    def grey(self, images: Tensor) -> float:
        return float(images.cuda().mean())


class InNumpy(Grey):
    says, line = NUMPY, "return float(np.mean(images.numpy()))"

    def grey(self, images: Tensor) -> float:
        return float(np.mean(images.numpy()))


class Brightness(Fault, FeatureExtractor):
    """Base of extractors of some pixels' brightness."""

    def prepare(self, data: BenchmarkData, runtime: Runtime) -> None:
        self.weights = torch.linspace(0, 1, 16)

    @property
    def card(self) -> ExtractorCard:
        return ExtractorCard(type(self).__name__, 0, (0.0, 1.0), 16, "0" * 64, "none")

    def extract(self, images: Tensor) -> Features:
        return Features(images[:, 0].flatten(1)[:, :16].float() * self.weights)


class ForgetsTheDevice(Brightness):
    says = MIXED
    line = "return Features(images[:, 0].flatten(1)[:, :16].float() * self.weights)"


class PreparesOnCuda(Brightness):
    says, line = CUDA, 'self.weights = torch.linspace(0, 1, 16, device="cuda")'

    def prepare(self, data: BenchmarkData, runtime: Runtime) -> None:
        self.weights = torch.linspace(0, 1, 16, device="cuda")


class ExtractsInNumpy(Brightness):
    says, line = NUMPY, "values = np.array(images, dtype=np.float32).reshape(len(images), -1)"

    def extract(self, images: Tensor) -> Features:
        values = np.array(images, dtype=np.float32).reshape(len(images), -1)
        return Features(torch.from_numpy(values[:, :16]))


class ExtractsToTheCpu(Brightness):
    says, line = "extract was given tensors on pretended:0 and gives one on cpu", ""

    def extract(self, images: Tensor) -> Features:
        return super().extract(images.cpu())


class ExtractsOneByOne(Brightness):
    says = "extract waits for the device at every image"
    line = "levels = [float(image[0, 0, 0]) for image in images]"

    def extract(self, images: Tensor) -> Features:
        levels = [float(image[0, 0, 0]) for image in images]
        return Features(torch.tensor(levels, device=images.device)[:, None].repeat(1, 16))


_ALL = [value for value in vars().values() if isinstance(value, type) and hasattr(value, "line")]
METHODS = tuple(fault for fault in _ALL if issubclass(fault, Good))
METRICS = tuple(fault for fault in _ALL if issubclass(fault, Metric))
EXTRACTORS = tuple(fault for fault in _ALL if issubclass(fault, FeatureExtractor))
