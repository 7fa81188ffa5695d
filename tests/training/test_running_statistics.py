"""Running statistics are of the weights that a training ended with, and cost nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench.base.errors import Interrupted
from regene_bench.data.device_images import BenchmarkData
from regene_bench.training.loop import train
from regene_bench.training.schedules import constant
from regene_bench.training.stage import Batch, Stage
from tests.methods.builders import fit, make_data, make_runtime

from .builders import StopAfterStep, Tiny, state_of


@pytest.fixture(scope="module")
def data() -> BenchmarkData:
    return make_data()


def norm_of(tiny: Tiny) -> nn.BatchNorm1d:
    norm = tiny.network[3]
    assert isinstance(norm, nn.BatchNorm1d)
    return norm


def settled(tiny: Tiny, **changes: object) -> Stage:
    return tiny.stage(forward=lambda batch: tiny.network(batch.images), **changes)


def right(network: nn.Module, data: BenchmarkData) -> float:
    with torch.no_grad():
        logits = network(data.test.batch(torch.arange(len(data.test))))
    return (logits.argmax(1) == data.test.labels).float().mean().item()


def lagging(runtime_folder: Path, data: BenchmarkData, *, settle: bool) -> nn.Sequential:
    """A classifier of features far from 0, where its averages start and hardly move from."""
    runtime = make_runtime(runtime_folder)
    with runtime.seeded("init"):
        network = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 32), nn.BatchNorm1d(32, momentum=1e-3), nn.Linear(32, 3)
        )
        nn.init.normal_(network[1].bias, std=50.0)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-2)

    def step(batch: Batch) -> dict[str, Tensor]:
        loss = F.cross_entropy(network(batch.images), batch.labels)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        return {"cross-entropy": loss.detach()}

    forward: Callable[[Batch], object] | None = lambda batch: network(batch.images)  # noqa: E731
    stage = Stage(
        "lagging",
        {"network": network},
        {"adam": optimizer},
        step,
        batch_size=30,
        total_images=600,
        schedule=constant,
        forward=forward if settle else None,
    )
    train(stage, data.train, runtime)
    return network


def test_evaluation_is_as_good_as_by_the_statistics_of_batches(
    data: BenchmarkData, tmp_path: Path
) -> None:
    trailing = lagging(tmp_path / "a", data, settle=False)
    network = lagging(tmp_path / "b", data, settle=True)
    by_averages, by_settled = right(trailing, data), right(network, data)
    by_batch = right(network.train(), data)
    assert by_batch > 0.9
    assert by_averages < by_batch - 0.2
    assert by_settled == pytest.approx(by_batch, abs=0.05)


def test_they_are_the_means_over_batches_of_the_final_weights(
    data: BenchmarkData, tmp_path: Path
) -> None:
    runtime = make_runtime(tmp_path)
    tiny = Tiny(runtime)
    stage = settled(tiny, augmentation=None, batch_size=len(data.train), total_images=3 * 120)
    train(stage, data.train, runtime)
    images = data.train.batch(torch.arange(len(data.train)))
    # in evaluation mode of all else: nothing is dropped
    with torch.no_grad():
        features = tiny.network[:3](images)
    norm = norm_of(tiny)
    assert norm.momentum == 0.1
    torch.testing.assert_close(norm.running_mean, features.mean(0))
    torch.testing.assert_close(norm.running_var, features.var(0))


def test_weights_are_those_without(data: BenchmarkData, tmp_path: Path) -> None:
    plain, other = Tiny(make_runtime(tmp_path / "a")), Tiny(make_runtime(tmp_path / "b"))
    train(plain.stage(), data.train, make_runtime(tmp_path / "a"))
    train(settled(other), data.train, make_runtime(tmp_path / "b"))
    changed = {k for k, v in state_of(plain).items() if not torch.equal(v, state_of(other)[k])}
    assert changed == {"3.running_mean", "3.running_var", "3.num_batches_tracked"}


def test_an_interrupted_stage_ends_with_the_same(data: BenchmarkData, tmp_path: Path) -> None:
    runtime = make_runtime(tmp_path / "whole")
    whole = Tiny(runtime)
    train(settled(whole), data.train, runtime)
    runtime = make_runtime(tmp_path / "parts", stop=StopAfterStep(3))
    with pytest.raises(Interrupted):
        train(settled(Tiny(runtime)), data.train, runtime)
    runtime = make_runtime(tmp_path / "parts")
    again = Tiny(runtime)
    train(settled(again), data.train, runtime)
    finished = Tiny(runtime)
    train(settled(finished), data.train, runtime)
    assert not finished.batches
    for key, value in state_of(whole).items():
        assert torch.equal(value, state_of(again)[key]), key
        assert torch.equal(value, state_of(finished)[key]), key


def test_without_batch_norms_nothing_is_computed_or_drawn(
    data: BenchmarkData, tmp_path: Path
) -> None:
    runtime = make_runtime(tmp_path)
    tiny = Tiny(runtime)
    tiny.network[3] = nn.Identity()

    passed: list[Batch] = []
    train(tiny.stage(forward=passed.append), data.train, runtime)
    assert passed == []


def test_norms_that_are_not_passed_keep_what_they_have(data: BenchmarkData, tmp_path: Path) -> None:
    plain, other = Tiny(make_runtime(tmp_path / "a")), Tiny(make_runtime(tmp_path / "b"))
    train(plain.stage(), data.train, make_runtime(tmp_path / "a"))
    train(other.stage(forward=lambda batch: None), data.train, make_runtime(tmp_path / "b"))
    for key, value in state_of(plain).items():
        assert torch.equal(value, state_of(other)[key]), key


@pytest.mark.parametrize("name", ["regene", "dcgan", "vae"])
def test_first_party_networks_are_settled(
    name: str, data: BenchmarkData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Stage] = []
    kept = "regene_bench.training.stage_run.settle_statistics"
    monkeypatch.setattr(kept, lambda stage, *_: told.append(stage))
    fit(name, data, make_runtime(tmp_path))
    assert told
    assert all(stage.forward is not None for stage in told)


def test_a_norm_that_is_kept_in_evaluation_mode_keeps_its_statistics(
    data: BenchmarkData, tmp_path: Path
) -> None:
    """As those of a pretrained part of a network are, which the stage trains no further."""

    class Frozen(nn.BatchNorm1d):
        def train(self, mode: bool = True) -> Frozen:
            return super().train(False)

    runtime = make_runtime(tmp_path)
    tiny = Tiny(runtime)
    frozen = Frozen(64)
    frozen.running_mean = torch.full((64,), 7.0)
    tiny.network.insert(1, frozen)
    train(settled(tiny), data.train, runtime)
    assert torch.equal(frozen.running_mean, torch.full((64,), 7.0))
    assert isinstance(tiny.network[4], nn.BatchNorm1d)
    assert tiny.network[4].num_batches_tracked > 0
