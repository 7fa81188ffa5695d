"""``--fast`` and ``--captured``: how a run is trained; its row tells, its id does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from regene_bench.data.device_images import BenchmarkData
from regene_bench.evaluation.metric import Column, Metric, Score
from regene_bench.harness.run import execute
from regene_bench.harness.ticket import Ticket
from regene_bench.runtime.determinism import make_deterministic
from regene_bench.runtime.device import can_capture
from regene_bench.runtime.process_state import kept_process_state
from regene_bench.runtime.provenance import was_fast, way_of_training
from regene_bench.runtime.stage_report import StageReport
from tests.methods.builders import make_data

from .builders import Flat, FlatModel, run_of, setting_of


class IsDeterministic(Metric):
    """Whether images are measured by deterministic kernels."""

    columns = (Column("deterministic", "none"),)

    def measure(self, evaluation: Any) -> Any:
        yield Score("deterministic", float(torch.are_deterministic_algorithms_enabled()))


class Notes(Flat):
    """Notes by which kernels it is trained, and reports steps that were replayed."""

    found: tuple[bool, bool] = (False, False)
    captured = False

    def fit(self, data: BenchmarkData, runtime: Any) -> object:
        type(self).found = (
            torch.are_deterministic_algorithms_enabled(),
            torch.backends.cudnn.benchmark,
        )
        type(self).captured = runtime.captured
        replayed = 5 if runtime.captured else 0
        report = StageReport("one", 1.0, 0.0, 100, replayed=replayed, fast=runtime.fast)
        runtime.ledger.append(report)
        return FlatModel(0.5, data.shape)


@pytest.fixture(scope="module")
def data() -> BenchmarkData:
    return make_data()


@pytest.mark.parametrize(("fast", "found"), [(False, (True, False)), (True, (False, True))])
def test_fast_kernels_train_and_deterministic_ones_measure(
    fast: bool, found: tuple[bool, bool], data: BenchmarkData, tmp_path: Path
) -> None:
    with kept_process_state():
        make_deterministic()
        setting = setting_of(tmp_path, data, IsDeterministic(), fast=fast)
        record = execute(run_of(Notes), setting)
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.backends.cudnn.benchmark
    assert Notes.found == found
    assert [score.value for score in record.scores] == [1.0]
    assert record.packages.get("training") == ("fast" if fast else None)


def test_a_row_tells_of_captured_steps_that_there_were(data: BenchmarkData, tmp_path: Path) -> None:
    asked = execute(run_of(Notes), setting_of(tmp_path, data, captured=True, fast=True))
    assert Notes.captured
    assert asked.packages["training"] == "fast, captured"
    # a method that captures none, whatever was asked for
    in_vain = execute(run_of(Flat), setting_of(tmp_path, data, captured=True))
    assert "training" not in in_vain.packages
    assert run_of(Notes).run_id == asked.run_id


def test_a_row_tells_of_fast_kernels_of_an_earlier_call(
    data: BenchmarkData, tmp_path: Path
) -> None:
    class GoesOn(Flat):
        def fit(self, data: BenchmarkData, runtime: Any) -> object:
            runtime.ledger.append(StageReport("one", 2.0, 1.0, 100, fast=True))
            return FlatModel(0.5, data.shape)

    record = execute(run_of(GoesOn), setting_of(tmp_path, data))
    assert record.packages["training"] == "fast"
    assert was_fast(record.packages)
    assert not was_fast(way_of_training(fast=False, captured=True))


def test_the_way_is_told_where_it_is_not_as_ever() -> None:
    assert way_of_training(fast=False, captured=False) == {}
    assert way_of_training(fast=False, captured=True) == {"training": "captured"}


def test_a_ticket_of_before_asks_for_neither() -> None:
    text = (
        '{"benchmark": "digits", "options": {"seeds": "1"}, "run_ids": ["a"], "numbers": [1], '
        '"total": 1, "made": "2026-11-28T00:00:00Z"}'
    )
    options = Ticket.model_validate_json(text).options
    assert (options.fast, options.captured) == (False, False)


def test_cuda_alone_captures() -> None:
    assert not can_capture(torch.device("cpu"))
    assert can_capture(torch.device("cuda"))
