"""Models are held to the contract of ``generate``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from regene_bench.base.errors import Interrupted, MethodError
from regene_bench.data.shapes import ImageShape
from regene_bench.harness.sample import sample
from regene_bench.runtime.random import SampleRng
from regene_bench.runtime.stop import StopRequest
from regene_bench.training.capabilities import Generation
from tests.methods.builders import make_runtime

SHAPE = ImageShape(1, 4, 6, 3)


class Model:
    """Generates what a function of labels gives, and remembers what it was asked."""

    def __init__(self, function: Callable[[Tensor], Any]) -> None:
        self._function = function
        self.asked: list[tuple[Tensor, SampleRng]] = []

    def generate(self, labels: Tensor, rng: SampleRng) -> Any:
        self.asked.append((labels, rng))
        return self._function(labels)


def grey(labels: Tensor, value: float = 0.5) -> Tensor:
    return torch.full((len(labels), 1, 4, 6), value)


def generate(function: Callable[[Tensor], Any], folder: Path, n: int = 10) -> Any:
    return sample(Model(function), torch.arange(n) % 3, SHAPE, make_runtime(folder))


def spoiled(value: float) -> Callable[[Tensor], Generation]:
    def function(labels: Tensor) -> Generation:
        images = grey(labels)
        images[2, 0, 1, 1] = images[7, 0, 0, 0] = value
        return Generation(images)

    return function


BROKEN: dict[str, tuple[Callable[[Tensor], Any], str]] = {
    "a tensor": (grey, "returned a Tensor, not a Generation"),
    "nothing": (lambda labels: None, "returned a NoneType, not a Generation"),
    "too few": (lambda labels: Generation(grey(labels)[1:]), r"shape \[9, 1, 4, 6\], not \[10, "),
    "channels last": (lambda labels: Generation(grey(labels).movedim(1, -1)), r"\[10, 4, 6, 1\]"),
    "flat": (lambda labels: Generation(grey(labels).flatten(1)), r"gave shape \[10, 24\]"),
    "turned": (lambda labels: Generation(grey(labels).mT), r"gave shape \[10, 1, 6, 4\]"),
    "integers": (
        lambda labels: Generation(torch.zeros(10, 1, 4, 6, dtype=torch.uint8)),
        r"torch.uint8, not floats in \[0, 1\]",
    ),
    "NaN": (spoiled(float("nan")), "not finite in 2 of 10 images"),
    "infinite": (spoiled(float("inf")), "not finite in 2 of 10 images"),
    "too low": (spoiled(-1.0), r"from -1 to 0.5, not in \[0, 1\]"),
    "too high": (spoiled(255.0), r"from 0.5 to 255, not in \[0, 1\]"),
    "trials below one": (
        lambda labels: Generation(grey(labels), trials={"latent": torch.zeros(10).long()}),
        "at least 1",
    ),
    "trials of a float": (
        lambda labels: Generation(grey(labels), trials={"image": torch.ones(10)}),
        r"trials\['image'\] must be int64",
    ),
    "too few trials": (
        lambda labels: Generation(grey(labels), trials={"image": torch.ones(9).long()}),
        r"must be int64 \[10\]",
    ),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_contract_is_named(name: str, tmp_path: Path) -> None:
    function, message = BROKEN[name]
    with pytest.raises(MethodError, match=message):
        generate(function, tmp_path)


def test_rounding_errors_at_the_ends_are_let_pass(tmp_path: Path) -> None:
    def function(labels: Tensor) -> Generation:
        images = grey(labels, 1 + 5e-5)
        images[0] = -5e-5
        return Generation(images)

    images, _ = generate(function, tmp_path)
    assert images.images[0].unique().tolist() == [0]
    assert images.images[1:].unique().tolist() == [255]


@pytest.mark.parametrize("value", [0.0, 0.25, 0.4999, 0.998, 1.0])
def test_images_are_rounded_to_what_a_picture_holds(value: float, tmp_path: Path) -> None:
    images, _ = generate(lambda labels: Generation(grey(labels, value)), tmp_path)
    assert images.images.dtype == torch.uint8
    assert images.images.unique().tolist() == [round(value * 255)]


def test_images_of_a_generator_that_does_not_look_at_labels_have_none(tmp_path: Path) -> None:
    images, _ = generate(lambda labels: Generation(grey(labels), labelled=False), tmp_path)
    assert images.labels.tolist() == [-1] * 10


def test_labels_and_positions_are_passed_through_in_chunks(tmp_path: Path) -> None:
    model = Model(lambda labels: Generation(grey(labels), trials={"latent": labels + 1}))
    labels = torch.arange(1203) % 3
    runtime = make_runtime(tmp_path, seed=4)
    images, trials = sample(model, labels, SHAPE, runtime)
    assert len(model.asked) > 1
    assert torch.equal(torch.cat([asked for asked, _ in model.asked]), labels)
    start = 0
    for asked, rng in model.asked:
        assert rng == SampleRng(runtime.derive_seed("samples"), start)
        start += len(asked)
    assert images.images.shape == (1203, 1, 4, 6)
    assert torch.equal(images.labels, labels)
    assert torch.equal(trials["latent"], labels + 1)


def test_a_generator_without_trials_has_none(tmp_path: Path) -> None:
    _, trials = generate(lambda labels: Generation(grey(labels)), tmp_path)
    assert trials == {}


def test_no_gradients_are_kept(tmp_path: Path) -> None:
    weight = torch.nn.Parameter(torch.tensor(0.5))

    def function(labels: Tensor) -> Generation:
        images = grey(labels) * weight
        assert not images.requires_grad
        return Generation(images)

    generate(function, tmp_path)


def test_a_stop_is_heeded(tmp_path: Path) -> None:
    stop = StopRequest()
    stop.ask("the test")
    model = Model(lambda labels: Generation(grey(labels)))
    with pytest.raises(Interrupted, match="the test"):
        sample(model, torch.zeros(5).long(), SHAPE, make_runtime(tmp_path, stop=stop))
    assert model.asked == []
