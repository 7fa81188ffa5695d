"""Which runs of a study figures of latents look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pytest
from regene_bench_plugins.figures.choices import runs_with_encoder
from torch import Tensor

from regene_bench.api import FinishedRun, MethodError, StudyView


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


def test_a_study_without_any_says_so() -> None:
    with pytest.raises(MethodError, match="has an encoder"):
        chosen(_Run("cgan", object()))
