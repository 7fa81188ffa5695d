"""A method that keeps its contracts passes; each fault is found by the check that is for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from regene_bench.api import BenchmarkData, ImageShape, MethodError, Preset, Runtime
from regene_bench.testing import checks_for
from regene_bench.testing.methods.samples import shortened

from .faulty_methods import FAULTY, BatchNorm, Forgetful
from .good_method import Good, GoodConfig, GoodModel
from .subjects import UNREGISTERED, result_of, results_of, subject_of


def test_a_good_method_passes_everything(tmp_path: Path) -> None:
    results = results_of("method", subject_of("method", Good, tmp_path))
    failed = {name: r.found for name, r in results.items() if r.status == "failed"}
    assert failed == {}
    skipped = {name for name, r in results.items() if r.status == "skipped"}
    assert skipped == {
        "capabilities-keep-their-shapes",
        "sampling-params-change-no-training",
        "training-together-changes-nothing",
    }


@pytest.mark.parametrize("method", FAULTY, ids=lambda method: method.__name__)
def test_a_fault_is_found(method: Any, tmp_path: Path) -> None:
    results = results_of("method", subject_of("method", method, tmp_path))
    result = results[method.found_by]
    assert result.status == "failed", result.found
    assert result.found
    failed = {name for name, other in results.items() if other.status == "failed"}
    assert failed == {method.found_by, *getattr(method, "and_by", ())}
    assert result.check.remedy in " ".join(result.explain(10_000).split())


def test_there_is_a_fault_for_every_check() -> None:
    names = {check.name for check in checks_for("method")}
    assert {method.found_by for method in FAULTY} == names - UNREGISTERED


def test_a_method_that_trains_nothing_has_nothing_to_resume(tmp_path: Path) -> None:
    subject = subject_of("method", Untrained, tmp_path)
    result = result_of("method", "interrupted-training-goes-on", subject)
    assert result.status == "skipped"
    assert "stop request" in result.found


class Untrained(Good):
    """Learns nothing."""

    def train(self, model: object, data: object, runtime: object) -> None:
        pass


def test_the_numbers_found_are_told(tmp_path: Path) -> None:
    result = result_of("method", BatchNorm.found_by, subject_of("method", BatchNorm, tmp_path))
    assert "in batches of 1, 66 of 66 samples" in result.found
    result = result_of("method", Forgetful.found_by, subject_of("method", Forgetful, tmp_path))
    assert "off by up to" in result.found


class Counted(Good):
    """Keeps the lengths of its trainings."""

    lengths: ClassVar[list[int | None]] = []

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GoodModel:
        self.lengths.append(self.config.images)
        return super().fit(data, runtime)


def lengths_trained(method: type[Counted], folder: Path, *checks: str) -> list[int | None]:
    method.lengths.clear()
    subject = subject_of("method", method, folder)
    for check in checks:
        result = result_of("method", check, subject)
        assert result.status == "passed", result.found
    return list(method.lengths)


def test_checks_of_one_model_train_it_once(tmp_path: Path) -> None:
    checks = (
        "samples-are-images",
        "samples-do-not-depend-on-the-batch-size",
        "the-data-are-left-alone",
    )
    assert len(lengths_trained(Counted, tmp_path, *checks)) == 1


def test_two_trainings_are_compared_where_a_contract_is_of_two(tmp_path: Path) -> None:
    seeds = "the-same-seed-gives-the-same-samples"
    assert len(lengths_trained(Counted, tmp_path / "a", seeds)) == 2
    # the whole one, the stopped one, and the rest of it
    goes_on = "interrupted-training-goes-on"
    assert len(lengths_trained(Counted, tmp_path / "b", goes_on)) == 3
    # 8×8 images are those of the first training
    sizes = "images-of-any-size-are-generated"
    assert len(lengths_trained(Counted, tmp_path / "c", sizes)) == 4


def test_a_method_that_obeys_early_is_trained_no_longer(tmp_path: Path) -> None:
    assert lengths_trained(Counted, tmp_path, "labels-are-obeyed") == [2_500]


class Late(Counted):
    """Learns nothing in less than the time that it asks for."""

    def train(self, model: GoodModel, data: BenchmarkData, runtime: Runtime) -> None:
        if self.config.images == self.preset("quick", data.shape)["images"]:
            super().train(model, data, runtime)


class Diverges(Late):
    """Cannot generate after less than the time that it asks for."""

    def train(self, model: GoodModel, data: BenchmarkData, runtime: Runtime) -> None:
        if self.config.images != self.preset("quick", data.shape)["images"]:
            raise MethodError("too short")
        super().train(model, data, runtime)


class Fussy(Late):
    """Raises what no contract names after less than the time that it asks for."""

    def train(self, model: GoodModel, data: BenchmarkData, runtime: Runtime) -> None:
        if self.config.images != self.preset("quick", data.shape)["images"]:
            raise ZeroDivisionError("no step at all")
        super().train(model, data, runtime)


@pytest.mark.parametrize("method", [Late, Diverges, Fussy])
def test_a_method_is_given_all_the_time_that_it_asks_for(
    method: type[Counted], tmp_path: Path
) -> None:
    assert lengths_trained(method, tmp_path, "labels-are-obeyed") == [2_500, 5_000, 20_000]


class WholeEpochsConfig(GoodConfig):
    epochs: int = 1


class WholeEpochs(Counted):
    """Takes no part of an epoch."""

    Config = WholeEpochsConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        return {"epochs": 163}


def test_a_method_that_takes_no_shorter_length_is_trained_for_its_own(tmp_path: Path) -> None:
    subject = subject_of("method", WholeEpochs, tmp_path)
    result = result_of("method", "labels-are-obeyed", subject)
    assert result.status == "passed", result.found


def test_all_lengths_of_a_training_are_cut_and_nothing_else() -> None:
    values = {"images": 80, "decoder_images": 9, "epochs": 4, "images_kept": 8, "width": 16}
    cut = {"images": 20, "decoder_images": 2, "epochs": 1.0, "images_kept": 8, "width": 16}
    assert shortened(values, 1 / 4) == cut
    assert shortened({"images": 3, "epochs": None}, 1 / 8) == {"images": 1, "epochs": None}
