"""The training loop: order of the data, schedules, divergence, reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from regene_bench.base.errors import TrainingDivergedError
from regene_bench.base.events import Event, Progress
from regene_bench.data.device_images import BenchmarkData, DeviceImages
from regene_bench.training.loop import train
from regene_bench.training.schedules import constant, decay_every
from regene_bench.training.stage import Batch, Stage
from tests.methods.builders import make_data, make_runtime

from .builders import BATCH, STEPS, StopAfterStep, Tiny


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
