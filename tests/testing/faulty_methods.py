"""Methods with one fault each.

The check that must find it is their ``found_by``; where the same fault cannot but break other
contracts as well, these are ``and_by``.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

import torch
from pydantic import ConfigDict, field_serializer
from torch import Tensor, nn

from regene_bench.api import (
    BenchmarkData,
    DeviceImages,
    Generation,
    ImageShape,
    MethodConfig,
    Preset,
    Runtime,
    SampleRng,
    Stage,
    train,
)
from tests.testing.good_method import NOISE, Good, GoodConfig, GoodModel


class Faulty(Good):
    """Base of methods whose model is of another class."""

    Model: ClassVar[type[GoodModel]] = GoodModel

    def model(self, shape: ImageShape, runtime: Runtime) -> GoodModel:
        with runtime.seeded("init"):
            return self.Model(self.network(shape).to(runtime.device), shape)


class GlobalNoise(Faulty):
    """Draws its noise from torch's global generator."""

    found_by = "the-same-seed-gives-the-same-samples"
    and_by = ("samples-do-not-depend-on-the-batch-size", "interrupted-training-goes-on")

    class Model(GoodModel):
        def noise(self, labels: Tensor, rng: SampleRng) -> Tensor:
            return torch.randn(len(labels), NOISE, device=labels.device)


class BatchNorm(Faulty):
    """Subtracts what the samples of a batch have in common."""

    found_by = "samples-do-not-depend-on-the-batch-size"

    class Model(GoodModel):
        def noise(self, labels: Tensor, rng: SampleRng) -> Tensor:
            noise = super().noise(labels, rng)
            return noise - noise.mean(dim=0)


class IgnoresStart(Faulty):
    """Counts its samples from zero in every batch."""

    found_by = "samples-do-not-depend-on-the-batch-size"

    class Model(GoodModel):
        def noise(self, labels: Tensor, rng: SampleRng) -> Tensor:
            return super().noise(labels, rng.at(0))


class TooBright(Faulty):
    """Gives values up to 2."""

    found_by = "samples-are-images"
    and_by = ("images-of-any-size-are-generated", "classes-may-be-left-out")

    class Model(GoodModel):
        def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
            return Generation(1 + super().generate(labels, rng).images)


class DoublePrecision(Faulty):
    """Gives float64."""

    found_by = "samples-are-images"
    and_by = ("images-of-any-size-are-generated", "classes-may-be-left-out")

    class Model(GoodModel):
        def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
            return Generation(super().generate(labels, rng).images.double())


class Deaf(Faulty):
    """Generates whatever comes."""

    found_by = "labels-are-obeyed"

    class Model(GoodModel):
        def images(self, labels: Tensor, noise: Tensor) -> Tensor:
            return super().images(torch.zeros_like(labels), noise)


class WideEncoder(Faulty):
    """Encodes to maps instead of vectors."""

    found_by = "capabilities-keep-their-shapes"
    and_by = ("images-of-any-size-are-generated",)

    class Model(GoodModel):
        def encode(self, images: Tensor) -> Tensor:
            return images


class UnseededNetwork(Good):
    """Initialises its network outside of ``runtime.seeded``."""

    found_by = "the-same-seed-gives-the-same-samples"
    and_by = ("interrupted-training-goes-on",)

    def model(self, shape: ImageShape, runtime: Runtime) -> GoodModel:
        return GoodModel(self.network(shape).to(runtime.device), shape)


class LeftOnTheCpu(Good):
    """Leaves its network where it was made."""

    found_by = "keeps-to-its-device"

    def model(self, shape: ImageShape, runtime: Runtime) -> GoodModel:
        with runtime.seeded("init"):
            return GoodModel(self.network(shape), shape)


class Vandal(Good):
    """Darkens the images that all runs share."""

    found_by = "the-data-are-left-alone"

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GoodModel:
        data.train.images.div_(2, rounding_mode="floor")
        return super().fit(data, runtime)


class Scribbler(Faulty):
    """Counts its labels down to nought while it draws."""

    found_by = "the-data-are-left-alone"

    class Model(GoodModel):
        def images(self, labels: Tensor, noise: Tensor) -> Tensor:
            found = super().images(labels, noise)
            labels.zero_()
            return found


class LatePainter(Good):
    """Keeps the images that all runs share, and paints over them when it draws."""

    found_by = "the-data-are-left-alone"

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GoodModel:
        model = super().fit(data, runtime)
        draw_noise = model.noise

        def noise(labels: Tensor, rng: SampleRng) -> Tensor:
            data.test.images.fill_(3)
            return draw_noise(labels, rng)

        model.noise = noise  # type: ignore[method-assign]
        return model


class Forgetful(Good):
    """Does not name its network in the stage."""

    found_by = "interrupted-training-goes-on"

    def stage(self, model: GoodModel, n_train: int) -> Stage:
        return replace(super().stage(model, n_train), modules={"other": nn.Linear(1, 1)})


class BeginsAnew(Good):
    """Looks at the stop request in a loop of its own, and keeps nothing."""

    found_by = "interrupted-training-goes-on"
    and_by = ("no-pickle-is-kept", "labels-are-obeyed")

    def train(self, model: GoodModel, data: BenchmarkData, runtime: Runtime) -> None:
        for _ in range(5):
            runtime.stop.check()


class Pickles(Good):
    """Keeps a pickle beside its checkpoint."""

    found_by = "no-pickle-is-kept"

    def train(self, model: GoodModel, data: BenchmarkData, runtime: Runtime) -> None:
        folder = runtime.checkpoints.folder
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(model.network, folder / "network.pt")
        super().train(model, data, runtime)


class OneSize(Good):
    """Knows 8×8 images only."""

    found_by = "images-of-any-size-are-generated"
    and_by = ("every-class-is-generated",)

    def network(self, shape: ImageShape) -> nn.Linear:
        return nn.Linear(shape.n_classes + NOISE, 64)


class MisspelledPreset(Good):
    """Has a preset with a parameter that it does not have."""

    found_by = "presets-are-valid"
    and_by = ("configurations-survive-json",)

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        return {"imagse": 100} if preset == "paper" else super().preset(preset, shape)


class LenientConfig(GoodConfig):
    model_config = ConfigDict(extra="ignore")


class Lenient(Good):
    """Passes over misspelled parameters."""

    found_by = "unknown-parameters-are-refused"
    Config = LenientConfig


class LossyConfig(GoodConfig):
    rate: float = 0.123456

    @field_serializer("rate")
    def _rounded(self, rate: float) -> float:
        return round(rate, 2)


class Lossy(Good):
    """Rounds a parameter on its way to the leaderboard."""

    found_by = "configurations-survive-json"
    Config = LossyConfig


class Exchanged(Good):
    """Trains together, and mixes the models up."""

    found_by = "training-together-changes-nothing"

    @classmethod
    def fit_batch(
        cls, configs: list[MethodConfig], data: BenchmarkData, runtimes: list[Runtime]
    ) -> list[object]:
        return super().fit_batch(configs, data, runtimes)[::-1]

    @classmethod
    def batch_key(cls, config: MethodConfig) -> str | None:
        return "all"


class NeverTogether(Good):
    """Could train together, and tells nobody."""

    found_by = "training-together-changes-nothing"

    @classmethod
    def fit_batch(
        cls, configs: list[MethodConfig], data: BenchmarkData, runtimes: list[Runtime]
    ) -> list[object]:
        return super().fit_batch(configs, data, runtimes)


class SelectsOnTest(Faulty):
    """Trains on the held-out images, too."""

    found_by = "held-out-images-are-not-trained-on"

    def train(self, model: GoodModel, data: BenchmarkData, runtime: Runtime) -> None:
        both = DeviceImages(
            torch.cat([data.train.images, data.test.images]),
            torch.cat([data.train.labels, data.test.labels]),
        )
        train(self.stage(model, len(both)), both, runtime)


class ClaimsThresholds(SelectsOnTest):
    """Trains on the held-out images, and says that it takes thresholds from them."""

    uses_held_out_for = "thresholds"


class OneSeed(Good):
    """Trains with a seed of its own, whatever the run's is."""

    found_by = "another-seed-gives-other-samples"

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GoodModel:
        return super().fit(data, replace(runtime, seed=42))


class OneDraw(Faulty):
    """Draws the same noise for every seed."""

    found_by = "another-seed-gives-other-samples"

    class Model(GoodModel):
        def noise(self, labels: Tensor, rng: SampleRng) -> Tensor:
            return super().noise(labels, replace(rng, seed=42))


class HashSeeded(Good):
    """Derives its seed by ``hash``, which is another in every process."""

    found_by = "a-second-process-gives-the-same-samples"

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GoodModel:
        seed = runtime.seed + hash("network") % 1_000_000
        return super().fit(data, replace(runtime, seed=seed))


class NoSeven(Faulty):
    """Has no number for class 7."""

    found_by = "every-class-is-generated"

    class Model(GoodModel):
        def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
            lost = (labels == 7)[:, None, None, None]
            return Generation(super().generate(labels, rng).images.masked_fill(lost, torch.nan))


class NumbersAnew(Good):
    """Has a number for each class that is generated, and looks it up by the label."""

    found_by = "classes-may-be-left-out"

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GoodModel:
        counted = replace(data.shape, n_classes=len(data.generated_labels))
        model = self.model(counted, runtime)
        self.train(model, data, runtime)
        return model


class Unstoppable(Good):
    """Takes an interruption for a failed step, and goes on."""

    found_by = "a-stop-is-obeyed"

    def train(self, model: GoodModel, data: BenchmarkData, runtime: Runtime) -> None:
        with suppress(BaseException):
            super().train(model, data, runtime)


class OneName(Good):
    """Trains in two stages of one name, of which the second never trains."""

    found_by = "stages-have-names-of-their-own"

    def train(self, model: GoodModel, data: BenchmarkData, runtime: Runtime) -> None:
        for _ in range(2):
            super().train(model, data, runtime)


class Reusable(Good):
    """Says that training does not look at the size of its batches."""

    found_by = "sampling-params-change-no-training"
    sampling_params = frozenset({"batch_size"})


class Misnamed(Good):
    """Names a sampling parameter that it does not have."""

    found_by = "sampling-params-change-no-training"
    sampling_params = frozenset({"temperature"})


class FirstOfAll(Good):
    """Trains together, all with the first one's configuration."""

    found_by = "training-together-changes-nothing"

    @classmethod
    def fit_batch(
        cls, configs: list[MethodConfig], data: BenchmarkData, runtimes: list[Runtime]
    ) -> list[object]:
        return super().fit_batch([configs[0] for _ in configs], data, runtimes)

    @classmethod
    def batch_key(cls, config: MethodConfig) -> str | None:
        return config.model_dump_json(exclude={"batch_size"})


class Undescribed(Good):
    found_by = "is-described"


FAULTY = tuple(
    value
    for value in list(vars().values())
    if isinstance(value, type) and issubclass(value, Good) and hasattr(value, "found_by")
)
