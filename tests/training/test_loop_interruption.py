"""Training that is interrupted, repeated or damaged ends as if it had not been."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from regene_bench.base.errors import Interrupted
from regene_bench.base.events import Event, Message
from regene_bench.data.device_images import BenchmarkData
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.runtime import Runtime
from regene_bench.training.loop import train
from tests.methods.builders import make_data, make_runtime

from .builders import STEPS, StopAfterStep, Tiny, state_of


@pytest.fixture(scope="module")
def data() -> BenchmarkData:
    return make_data()


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("step", range(1, STEPS))
def test_interrupted_after_any_step_it_ends_bit_equal(
    step: int, optimizer: str, data: BenchmarkData, tmp_path: Path
) -> None:
    runtime = make_runtime(tmp_path / "plain")
    plain = Tiny(runtime, optimizer)
    expected_report = train(plain.stage(), data.train, runtime)

    runtime = make_runtime(tmp_path / "cut", stop=StopAfterStep(step))
    cut = Tiny(runtime, optimizer)
    with pytest.raises(Interrupted, match="the test"):
        train(cut.stage(), data.train, runtime)
    assert len(cut.batches) == step

    torch.manual_seed(1234 + step)
    runtime = make_runtime(tmp_path / "cut")
    resumed = Tiny(runtime, optimizer)
    report = train(resumed.stage(), data.train, runtime)
    assert len(resumed.batches) == STEPS - step
    assert resumed.rates == plain.rates[step:]
    for ours, theirs in zip(resumed.batches, plain.batches[step:], strict=True):
        assert torch.equal(ours.images, theirs.images)
        assert ours.clock == theirs.clock
    expected, found = state_of(plain), state_of(resumed)
    for key in expected:
        assert torch.equal(expected[key], found[key]), key
    assert (report.images, report.losses) == (expected_report.images, expected_report.losses)


def test_interrupted_after_every_step_it_ends_bit_equal(
    data: BenchmarkData, tmp_path: Path
) -> None:
    runtime = make_runtime(tmp_path / "plain")
    plain = Tiny(runtime)
    train(plain.stage(), data.train, runtime)
    calls = 0
    while True:
        calls += 1
        runtime = make_runtime(tmp_path / "cut", stop=StopAfterStep(1))
        cut = Tiny(runtime)
        try:
            train(cut.stage(), data.train, runtime)
            break
        except Interrupted:
            continue
    assert calls == STEPS
    expected, found = state_of(plain), state_of(cut)
    for key in expected:
        assert torch.equal(expected[key], found[key]), key


def test_a_checkpoint_after_every_step_changes_nothing(data: BenchmarkData, tmp_path: Path) -> None:
    runtime = make_runtime(tmp_path / "plain")
    plain = Tiny(runtime)
    train(plain.stage(), data.train, runtime)
    runtime = replace(
        make_runtime(tmp_path), checkpoints=CheckpointStore(tmp_path / "often", interval=0.0)
    )
    often = Tiny(runtime)
    train(often.stage(), data.train, runtime)
    for key, value in state_of(plain).items():
        assert torch.equal(value, state_of(often)[key]), key


def test_a_damaged_checkpoint_starts_over_and_ends_the_same(
    data: BenchmarkData, tmp_path: Path
) -> None:
    runtime = make_runtime(tmp_path, stop=StopAfterStep(3))
    with pytest.raises(Interrupted):
        train(Tiny(runtime).stage(), data.train, runtime)
    (file,) = tmp_path.glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:-20])
    runtime = make_runtime(tmp_path)
    again = Tiny(runtime)
    train(again.stage(), data.train, runtime)
    assert len(again.batches) == STEPS


def test_a_checkpoint_of_another_network_starts_over_and_says_so(
    data: BenchmarkData, tmp_path: Path
) -> None:
    runtime = make_runtime(tmp_path)
    train(Tiny(runtime).stage(), data.train, runtime)
    told: list[Event] = []
    runtime = make_runtime(tmp_path, emit=told.append)
    other = Tiny(runtime)
    train(other.stage(modules={"other": other.network}), data.train, runtime)
    assert len(other.batches) == STEPS
    assert any(isinstance(e, Message) and "another network" in e.text for e in told)


def test_a_finished_stage_is_not_repeated(data: BenchmarkData, tmp_path: Path) -> None:
    runtime = make_runtime(tmp_path)
    first = Tiny(runtime)
    report = train(first.stage(), data.train, runtime)
    assert report.restored_seconds == 0
    runtime = make_runtime(tmp_path)
    second = Tiny(runtime)
    again = train(second.stage(), data.train, runtime)
    assert second.batches == []
    for key, value in state_of(first).items():
        assert torch.equal(value, state_of(second)[key]), key
    assert again.restored_seconds == again.seconds > 0
    assert (again.images, again.losses) == (report.images, report.losses)
    assert runtime.ledger == [again]


def test_seconds_add_up_over_interruptions(data: BenchmarkData, tmp_path: Path) -> None:
    runtime = make_runtime(tmp_path, stop=StopAfterStep(4))
    with pytest.raises(Interrupted):
        train(Tiny(runtime).stage(), data.train, runtime)
    saved = CheckpointStore(tmp_path).load("tiny")
    assert saved is not None
    assert saved["step"] == 4
    runtime = make_runtime(tmp_path)
    report = train(Tiny(runtime).stage(), data.train, runtime)
    assert report.restored_seconds == saved["seconds"] > 0
    assert report.seconds > report.restored_seconds
    assert runtime.ledger == [report]


def test_fast_kernels_are_told_of_a_training_that_others_go_on_with(
    data: BenchmarkData, tmp_path: Path
) -> None:
    fast = replace(make_runtime(tmp_path, stop=StopAfterStep(2)), fast=True)
    with pytest.raises(Interrupted):
        train(Tiny(fast).stage(), data.train, fast)
    runtime = make_runtime(tmp_path)
    assert train(Tiny(runtime).stage(), data.train, runtime).fast
    # of what had ended, too
    assert train(Tiny(runtime).stage(), data.train, runtime).fast
    plain = make_runtime(tmp_path / "plain")
    assert not train(Tiny(plain).stage(), data.train, plain).fast


def test_who_goes_on_says_whether_its_optimiser_can_be_captured(
    data: BenchmarkData, tmp_path: Path
) -> None:
    class Slow(Tiny):
        def __init__(self, runtime: Runtime) -> None:
            super().__init__(runtime)
            self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-2)

    runtime = make_runtime(tmp_path, stop=StopAfterStep(2))
    with pytest.raises(Interrupted):
        train(Slow(runtime).stage(), data.train, runtime)
    saved = runtime.checkpoints.load("tiny")
    assert saved is not None
    # as a GPU leaves it whose steps could not be captured after all
    saved["optimizers"]["adam"]["param_groups"][0]["capturable"] = True
    runtime.checkpoints.save("tiny", saved)
    runtime = make_runtime(tmp_path)
    on_cpu = Slow(runtime)
    assert train(on_cpu.stage(), data.train, runtime).images == STEPS * 32
    assert on_cpu.optimizer.param_groups[0]["capturable"] is False
