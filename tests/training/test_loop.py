"""The training loop: order of the data, schedules, interruption, divergence, reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from regene_bench.data.dataset import BenchmarkData, DeviceImages
from regene_bench.errors import Interrupted, TrainingDivergedError
from regene_bench.events import Event, Message, Progress
from regene_bench.interfaces import Augmentation
from regene_bench.runtime import Runtime
from regene_bench.stop import StopRequest
from regene_bench.training.checkpoints import CheckpointStore
from regene_bench.training.loop import Batch, Stage, train
from regene_bench.training.schedules import constant, decay_every, one_cycle
from tests.methods.builders import make_data, make_runtime

STEPS, BATCH = 6, 32


class StopAfterStep(StopRequest):
    """Asks for a stop once a number of steps are done; the loop looks once a step."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._left = steps

    @property
    def reason(self) -> str | None:
        self._left -= 1
        return "the test" if self._left <= 0 else None


class Tiny:
    """A linear network with dropout and batch norm, and a record of what its steps were given."""

    def __init__(self, runtime: Runtime, optimizer: str = "adam") -> None:
        with runtime.seeded("init"):
            self.network = nn.Sequential(
                nn.Flatten(), nn.Dropout(0.3), nn.Linear(64, 8), nn.BatchNorm1d(8), nn.Linear(8, 3)
            )
        parameters = self.network.parameters()
        if optimizer == "adam":
            self.optimizer: Any = torch.optim.Adam(parameters, lr=1e-2, fused=True)
        else:
            self.optimizer = torch.optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True)
        self.batches: list[Batch] = []
        self.rates: list[float] = []

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        self.batches.append(batch)
        self.rates.append(self.optimizer.param_groups[0]["lr"])
        loss = nn.functional.cross_entropy(self.network(batch.images), batch.labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"cross-entropy": loss.detach()}

    def stage(self, **changes: Any) -> Stage:
        values: dict[str, Any] = {
            "name": "tiny",
            "modules": {"network": self.network},
            "optimizers": {"adam": self.optimizer},
            "step": self.step,
            "batch_size": BATCH,
            "total_images": STEPS * BATCH,
            "schedule": one_cycle(),
            "augmentation": Augmentation(horizontal_flip=True, crop_padding=1),
        }
        return Stage(**(values | changes))


@pytest.fixture(scope="module")
def data() -> BenchmarkData:
    return make_data()


def numbered(n: int) -> DeviceImages:
    """Images of no content whose labels are their indices."""
    return DeviceImages(torch.zeros(n, 1, 8, 8, dtype=torch.uint8), torch.arange(n))


def order_of(folder: Path, n: int, seed: int = 0, **changes: Any) -> list[int]:
    """Indices in the order in which a stage sees them."""
    seen: list[int] = []
    network = nn.Linear(1, 1)

    def step(batch: Batch) -> Mapping[str, Tensor]:
        seen.extend(batch.labels.tolist())
        return {"loss": torch.zeros(())}

    stage = Stage("order", {"network": network}, {}, step, 8, 40)
    train(replace(stage, **changes), numbered(n), make_runtime(folder, seed=seed))
    return seen


def state_of(tiny: Tiny) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in tiny.network.state_dict().items()}


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


def test_modules_end_in_evaluation_mode(data: BenchmarkData, tmp_path: Path) -> None:
    runtime = make_runtime(tmp_path)
    tiny = Tiny(runtime)
    train(tiny.stage(), data.train, runtime)
    assert not any(module.training for module in tiny.network.modules())


def test_the_global_generator_is_left_as_it_was(data: BenchmarkData, tmp_path: Path) -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    runtime = make_runtime(tmp_path)
    train(Tiny(runtime).stage(), data.train, runtime)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("images", "steps"), [(1, 1), (32, 1), (33, 2), (64, 2)])
def test_a_stage_sees_at_least_the_images_it_should(
    images: int, steps: int, data: BenchmarkData, tmp_path: Path
) -> None:
    runtime = make_runtime(tmp_path)
    tiny = Tiny(runtime)
    report = train(tiny.stage(total_images=images), data.train, runtime)
    assert len(tiny.batches) == steps
    assert report.images == steps * BATCH == sum(len(b.labels) for b in tiny.batches)


@pytest.mark.parametrize("n", [8, 10, 20, 3])
def test_every_epoch_is_a_permutation(n: int, tmp_path: Path) -> None:
    seen = order_of(tmp_path, n)
    assert len(seen) == 40
    epochs = [seen[start : start + n] for start in range(0, 40 - n + 1, n)]
    assert all(sorted(epoch) == list(range(n)) for epoch in epochs)
    if n > 3:
        assert len({tuple(epoch) for epoch in epochs}) == len(epochs)


def test_the_order_depends_on_seed_and_stage(tmp_path: Path) -> None:
    plain = order_of(tmp_path / "a", 20)
    assert order_of(tmp_path / "b", 20) == plain
    assert order_of(tmp_path / "c", 20, seed=1) != plain
    assert order_of(tmp_path / "d", 20, name="another") != plain


def test_a_batch_is_the_images_of_its_labels(data: BenchmarkData, tmp_path: Path) -> None:
    runtime = make_runtime(tmp_path)
    tiny = Tiny(runtime)
    train(tiny.stage(augmentation=None), data.train, runtime)
    for batch in tiny.batches:
        assert batch.images.shape == (BATCH, 1, 8, 8)
        assert 0 <= float(batch.images.min()) < float(batch.images.max()) <= 1
        # the class is the place of a bright stripe
        stripe = batch.images[:, 0].mean(dim=1)
        places = torch.stack([stripe[:, 0], stripe[:, 2], stripe[:, 5]], dim=1)
        assert torch.equal(places.argmax(dim=1), batch.labels)


def test_the_clock_and_the_rates_follow_the_schedule(data: BenchmarkData, tmp_path: Path) -> None:
    runtime = make_runtime(tmp_path)
    tiny = Tiny(runtime)
    train(tiny.stage(schedule=decay_every(0.5, 0.1)), data.train, runtime)
    n = len(data.train)
    for step, batch in enumerate(tiny.batches):
        assert (batch.clock.step, batch.clock.images) == (step, step * BATCH)
        assert batch.clock.epoch == pytest.approx(step * BATCH / n)
        assert batch.clock.progress == pytest.approx(step / STEPS)
        assert tiny.rates[step] == pytest.approx(1e-2 * 0.1 ** int(step * BATCH / n / 0.5))
    assert tiny.rates[0] > tiny.rates[-1]


@pytest.mark.parametrize("bad_step", [0, 2, STEPS - 1])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_names_loss_and_step(
    bad_step: int, value: float, data: BenchmarkData, tmp_path: Path
) -> None:
    steps = 0

    def step(batch: Batch) -> Mapping[str, Tensor]:
        nonlocal steps
        steps += 1
        bad = value if steps > bad_step else 1.0
        return {"fine": torch.tensor(0.5), "generator": torch.tensor(bad)}

    runtime = make_runtime(tmp_path)
    stage = Tiny(runtime).stage(step=step)
    with pytest.raises(TrainingDivergedError) as caught:
        train(stage, data.train, runtime)
    message = caught.value.message
    assert f"tiny diverged at step {bad_step} (epoch {bad_step * BATCH / 120:.2f})" in message
    assert f"generator = {value}" in message
    assert "fine" not in message
    assert "learning rate" in caught.value.hint
    assert not list(tmp_path.glob("*.safetensors"))


def test_a_stop_never_saves_a_diverged_state(data: BenchmarkData, tmp_path: Path) -> None:
    def step(batch: Batch) -> Mapping[str, Tensor]:
        return {"loss": torch.tensor(float("nan"))}

    runtime = make_runtime(tmp_path, stop=StopAfterStep(2))
    with pytest.raises(TrainingDivergedError, match="step 0"):
        train(Tiny(runtime).stage(step=step), data.train, runtime)
    assert not list(tmp_path.glob("*.safetensors"))


def test_progress_ends_at_the_total_with_the_last_losses(
    data: BenchmarkData, tmp_path: Path
) -> None:
    told: list[Event] = []
    runtime = make_runtime(tmp_path, emit=told.append, task="method · seed 0")
    report = train(Tiny(runtime).stage(schedule=constant), data.train, runtime)
    last = [event for event in told if isinstance(event, Progress)][-1]
    assert last.task == "method · seed 0: tiny"
    assert last.done == last.total == STEPS * BATCH
    assert dict(last.values) == dict(report.losses)
    assert set(last.values) == {"cross-entropy"}
