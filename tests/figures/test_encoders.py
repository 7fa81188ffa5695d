"""Which runs of a study figures of latents look at."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from regene_bench_plugins.figures.choices import (
    draw_generation,
    draw_latents_of_class,
    runs_with_encoder,
)
from torch import Tensor

from regene_bench.api import DeviceImages, FinishedRun, MethodError, StudyView

from .views import CLASSES, finished, view


class _Encodes:
    def encode(self, images: Tensor) -> Tensor:
        return images.flatten(1)


@dataclass(frozen=True)
class _Run:
    method: str
    model: object
    training: str = ""
    drawing: str = ""
    seed: int = 0

    @property
    def training_params(self) -> dict[str, Any]:
        return {"training": self.training}

    @property
    def params(self) -> dict[str, Any]:
        return {"training": self.training, "drawing": self.drawing}


@dataclass(frozen=True)
class _Benchmark:
    name: str = "some"


def chosen(*runs: _Run) -> list[FinishedRun]:
    unused = cast("Any", None)
    return runs_with_encoder(
        StudyView(cast("Any", _Benchmark()), "quick", runs, (), unused, unused)
    )  # type: ignore[arg-type]


def test_models_without_an_encoder_are_left_out_whatever_was_measured() -> None:
    with_encoder = _Run("regene", _Encodes())
    assert chosen(_Run("real", object()), with_encoder, _Run("cgan", object())) == [with_encoder]


def test_one_training_is_shown_once_and_another_again() -> None:
    first = _Run("regene", _Encodes(), "narrow", "pairs")
    again = _Run("regene", _Encodes(), "narrow", "triples")
    other = _Run("regene", _Encodes(), "wide", "pairs", seed=1)
    assert chosen(first, again, other) == [first, other]


class _TakesAllForZero(_Encodes):
    def classify(self, images: Tensor) -> Tensor:
        return torch.tensor([[1.0, 0.0]]).expand(len(images), 2)


def test_images_come_from_where_the_run_draws_its_own() -> None:
    images, labels = torch.zeros(8, 1, 2, 2, dtype=torch.uint8), torch.tensor([0, 1] * 4)
    data = SimpleNamespace(class_names=CLASSES, train=DeviceImages(images, labels))
    drawn = view(data=data)
    everything = finished(model=_TakesAllForZero(), params={"pool": "all"})
    right = finished(model=_TakesAllForZero(), params={"pool": "right"})
    assert len(draw_latents_of_class(drawn, everything, 1, 4, "some")[1]) == 4
    assert len(draw_latents_of_class(drawn, right, 0, 4, "some")[1]) == 4
    with pytest.raises(MethodError, match="can combine only 0 images of class 'one'; 4"):
        draw_latents_of_class(drawn, right, 1, 4, "some")


class _DarkIsZero(_Encodes):
    """Latents are pixels; what is darker than the middle is of class 0."""

    def decode(self, latents: Tensor) -> Tensor:
        return latents.unflatten(1, (1, 2, 2))

    def classify(self, images: Tensor) -> Tensor:
        dark = images.flatten(1).mean(1) < 0.5
        return torch.stack([dark, ~dark], dim=1).float()


def test_a_generation_lies_between_its_sources_and_is_of_its_class() -> None:
    levels = torch.arange(0, 256, 4, dtype=torch.uint8)
    images = levels[:, None, None, None].expand(-1, 1, 2, 2)
    train = DeviceImages(images, torch.zeros(len(images), dtype=torch.int64))
    drawn = view(data=SimpleNamespace(class_names=CLASSES, train=train))
    run = finished(model=_DarkIsZero(), params={"pool": "all"})
    found = draw_generation(drawn, run, 0, "some")
    first, second = found.sources[:, 0, 0, 0].tolist()
    assert found.image.unique().tolist() == [(first + second) // 2]
    assert torch.allclose(found.latent, found.sources.double().mean(0).flatten().float() / 255)
    assert (first + second) / 2 < 128


class _Judges(_DarkIsZero):
    """The darker an image, the surer it is of class 0; its run wants three quarters."""

    thresholds = torch.tensor([0.75, 0.0])

    def classify(self, images: Tensor) -> Tensor:
        dark = 1 - images.flatten(1).mean(1)
        return torch.stack([dark, 1 - dark], dim=1).clamp_min(1e-6).log()


def test_a_generation_reaches_the_threshold_of_its_run() -> None:
    levels = torch.arange(0, 128, 2, dtype=torch.uint8)
    images = levels[:, None, None, None].expand(-1, 1, 2, 2)
    train = DeviceImages(images, torch.zeros(len(images), dtype=torch.int64))
    drawn = view(data=SimpleNamespace(class_names=CLASSES, train=train))
    run = finished(model=_Judges(), params={"pool": "all"})
    unjudged = finished(model=_DarkIsZero(), params={"pool": "all"})
    found = [
        [float(draw_generation(drawn, one, 0, f"draw {i}").latent[0, 0]) for i in range(8)]
        for one in (run, unjudged)
    ]
    assert max(found[0]) <= 0.25 < max(found[1])


def test_a_generation_is_made_of_as_few_images_as_a_class_has_but_two() -> None:
    def drawn(n: int) -> Tensor:
        images = torch.zeros(n, 1, 2, 2, dtype=torch.uint8)
        train = DeviceImages(images, torch.zeros(n, dtype=torch.int64))
        some = view(data=SimpleNamespace(class_names=CLASSES, train=train))
        run = finished(model=_DarkIsZero(), params={"pool": "all"})
        return draw_generation(some, run, 0, "some").sources

    assert [len(drawn(n)) for n in (2, 3, 40)] == [2, 2, 2]
    with pytest.raises(MethodError, match="can combine only 1 images of class 'zero'; 2"):
        drawn(1)


def test_a_study_without_any_says_so() -> None:
    with pytest.raises(MethodError, match="has an encoder"):
        chosen(_Run("cgan", object()))
