"""Models trained together are those trained alone, whatever stands beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from regene_bench_plugins.methods.gan.cgan import CGAN, CGANConfig, cgan_setup
from regene_bench_plugins.methods.gan.model import GANModel
from regene_bench_plugins.networks.conditional_norm import ConditionalBatchNorm2d
from regene_bench_plugins.networks.lane_adam import LaneAdam
from regene_bench_plugins.networks.lanes import lane_of, stacked
from torch import Tensor, nn

from regene_bench.api import (
    BenchmarkData,
    CheckpointStore,
    ImageShape,
    Interrupted,
    SampleRng,
    TrainingDivergedError,
)
from regene_bench.runtime.stop import StopRequest

from ..builders import TINY, fit, make_data, make_runtime
from ..test_interruption import StopAfter

LABELS = torch.arange(3).repeat_interleave(4)
# sums of one batched product stand in another order; twenty steps of Adam carry that on
TOLERANCE = 2e-3
# twenty steps that leave a mark
FAST = {
    "generator_learning_rate": 5e-3,
    "discriminator_learning_rate": 5e-3,
    "average": 0.5,
}


def config_of(**changes: Any) -> CGANConfig:
    return CGANConfig(**(TINY["cgan"] | FAST | changes))


def alone(data: BenchmarkData, folder: Path, seed: int, **changes: Any) -> Any:
    """The model of ``fit``."""
    return fit("cgan", data, make_runtime(folder, seed=seed), **(FAST | changes))


def train_together(
    configs: list[CGANConfig],
    seeds: list[int],
    data: BenchmarkData,
    folder: Path,
    stop: StopRequest | None = None,
) -> list[Any]:
    runtimes = [make_runtime(folder / str(seed), seed=seed, stop=stop) for seed in seeds]
    return CGAN.fit_batch([*configs], data, runtimes)


def drawn(model: Any) -> Tensor:
    assert isinstance(model, GANModel)
    images: Tensor = model.generate(LABELS, SampleRng(5)).images
    return images


@pytest.mark.parametrize(
    ("noises", "seeds"),
    [([3], [0]), ([3, 3], [0, 1]), ([0, 8, 3, 1], [2, 1, 0, 3]), ([64, 0], [4, 5])],
)
def test_each_is_its_own_run_at_any_composition(
    noises: list[int], seeds: list[int], stripes: BenchmarkData, tmp_path: Path
) -> None:
    configs = [config_of(noise_dim=noise) for noise in noises]
    together = train_together(configs, seeds, stripes, tmp_path / "together")
    for noise, seed, model in zip(noises, seeds, together, strict=True):
        single = drawn(alone(stripes, tmp_path / f"alone-{seed}", seed, noise_dim=noise))
        assert model.noise_dim == noise
        assert torch.allclose(drawn(model), single, atol=TOLERANCE)
        # and it is not the tolerance that makes them equal
        other = drawn(alone(stripes, tmp_path / f"other-{seed}", 99 + seed, noise_dim=noise))
        assert not torch.allclose(drawn(model), other, atol=10 * TOLERANCE)


@pytest.mark.parametrize(
    "changes",
    [
        {"conditional": False},
        {"label": "number"},
        {"discriminator_label": "number"},
        {"norm": False, "discriminator_norm": False, "kernel": 3},
        {"loss": "minimax", "discriminator_steps": 2, "average": 0.0},
        {"halve_every": 0.5},
    ],
    ids=str,
)
def test_every_form_of_the_game(
    changes: dict[str, Any], stripes: BenchmarkData, tmp_path: Path
) -> None:
    configs = [config_of(noise_dim=2, **changes), config_of(noise_dim=5, **changes)]
    together = train_together(configs, [0, 1], stripes, tmp_path / "together")
    for seed, noise in enumerate((2, 5)):
        single = alone(stripes, tmp_path / f"alone-{seed}", seed, noise_dim=noise, **changes)
        assert torch.allclose(drawn(together[seed]), drawn(single), atol=TOLERANCE)


def test_one_that_diverges_leaves_its_neighbours_unharmed(
    stripes: BenchmarkData, tmp_path: Path
) -> None:
    wild = config_of(generator_learning_rate=1e6, discriminator_learning_rate=1e6)
    configs = [config_of(), wild, config_of(noise_dim=7)]
    before, failed, after = train_together(configs, [0, 1, 2], stripes, tmp_path / "together")
    assert isinstance(failed, TrainingDivergedError)
    assert "diverged at step" in str(failed)
    assert "discriminator" in str(failed) or "generator" in str(failed)
    for seed, noise, model in ((0, 3, before), (2, 7, after)):
        single = alone(stripes, tmp_path / f"alone-{seed}", seed, noise_dim=noise)
        assert torch.allclose(drawn(model), drawn(single), atol=TOLERANCE)


def test_what_was_interrupted_together_goes_on_alone_and_the_other_way(
    stripes: BenchmarkData, tmp_path: Path
) -> None:
    configs = [config_of(noise_dim=0), config_of(noise_dim=4)]
    plain = [
        alone(stripes, tmp_path / f"plain-{seed}", seed, noise_dim=noise)
        for seed, noise in ((0, 0), (1, 4))
    ]
    folder = tmp_path / "cut"
    with pytest.raises(Interrupted):
        train_together(configs, [0, 1], stripes, folder, StopAfter(12))
    first = alone(stripes, folder / "0", 0, noise_dim=0)
    runtime = make_runtime(folder / "1", seed=1, stop=StopAfter(4))
    with pytest.raises(Interrupted):
        CGAN(configs[1]).fit(stripes, runtime)
    # one is finished, the other is somewhere in the middle
    again, second = train_together(configs, [0, 1], stripes, folder)
    assert torch.equal(drawn(again), drawn(first))
    for model, expected in zip((first, second), plain, strict=True):
        assert torch.allclose(drawn(model), drawn(expected), atol=TOLERANCE)


def test_killed_between_the_checkpoints_of_two_it_ends_bit_equal(
    stripes: BenchmarkData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs = [config_of(noise_dim=0), config_of(noise_dim=4)]
    plain = train_together(configs, [0, 1], stripes, tmp_path / "plain")
    folder, real = tmp_path / "cut", CheckpointStore.save
    with pytest.raises(Interrupted):
        train_together(configs, [0, 1], stripes, folder, StopAfter(8))

    def killed_at_the_second(store: CheckpointStore, name: str, state: Any) -> None:
        if store.folder.name == "1":
            raise KeyboardInterrupt
        real(store, name, state)

    with monkeypatch.context() as patch:
        patch.setattr(CheckpointStore, "save", killed_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            train_together(configs, [0, 1], stripes, folder)
    steps = [CheckpointStore(folder / lane).load("cgan")["step"] for lane in "01"]
    assert steps[0] > steps[1] > 0
    resumed = train_together(configs, [0, 1], stripes, folder)
    for model, expected in zip(resumed, plain, strict=True):
        assert torch.equal(drawn(model), drawn(expected))


def test_costs_are_shared_and_images_are_not(stripes: BenchmarkData, tmp_path: Path) -> None:
    runtimes = [make_runtime(tmp_path / str(seed), seed=seed) for seed in (0, 1)]
    CGAN.fit_batch([config_of(), config_of(noise_dim=1)], stripes, runtimes)
    (one,), (two,) = (runtime.ledger for runtime in runtimes)
    assert one.images == two.images == 320
    assert one.seconds == two.seconds > 0
    assert set(one.losses) == {"discriminator", "generator"}


def test_only_what_can_differ_differs() -> None:
    key = CGAN.batch_key(config_of())
    assert key == CGAN.batch_key(config_of(noise_dim=9, generator_learning_rate=1.0))
    assert key != CGAN.batch_key(config_of(width=5))
    unequal = [config_of(), config_of(images=640)]
    with pytest.raises(ValueError, match="one length"):
        train_together(unequal, [0, 1], make_data(), Path("unused"))


@pytest.mark.parametrize("shape", [ImageShape(1, 8, 8, 3), ImageShape(3, 9, 14, 2)], ids=str)
def test_a_stacked_network_is_its_models_side_by_side(shape: ImageShape) -> None:
    generator = torch.Generator().manual_seed(0)
    setups = [cgan_setup(config_of(noise_dim=noise), shape) for noise in (2, 0, 5)]
    labels = torch.randint(shape.n_classes, (6, 3), generator=generator)
    noise = torch.zeros(6, 3, 5)
    for lane, setup in enumerate(setups):
        noise[:, lane, 5 - setup.noise.dim :] = torch.randn(6, setup.noise.dim, generator=generator)
    images = stacked([setup.generator for setup in setups])(noise, labels).unflatten(1, (3, -1))
    whole = stacked([setup.discriminator for setup in setups])
    scores = whole(images, labels).scores
    for lane, setup in enumerate(setups):
        own = noise[:, lane, 5 - setup.noise.dim :]
        expected = setup.generator(own, labels[:, lane])
        assert torch.allclose(images[:, lane], expected, atol=1e-5)
        output = setup.discriminator(expected, labels[:, lane])
        assert torch.allclose(scores[:, lane], output.scores, atol=1e-4)


def test_a_layer_without_a_form_for_many_is_named() -> None:
    with pytest.raises(TypeError, match="ConditionalBatchNorm2d"):
        stacked([nn.Sequential(ConditionalBatchNorm2d(2, 3)) for _ in range(2)])


def test_adam_with_a_rate_for_each_model_is_torchs() -> None:
    torch.manual_seed(0)
    networks = [nn.Linear(inputs, 3) for inputs in (4, 2)]
    rates, betas = (1e-1, 1e-3), (0.5, 0.9)
    whole = stacked(networks)
    own = [
        torch.optim.Adam(network.parameters(), lr=rate, betas=betas)
        for network, rate in zip(networks, rates, strict=True)
    ]
    adam = LaneAdam(whole, rates, betas)
    for step in range(5):
        rows = torch.randn(7, 2, 4)
        rows[:, 1, :2] = 0
        factor = 1.0 if step < 3 else 0.5
        adam.zero_grad()
        whole(rows).square().sum().backward()
        adam.step(factor)
        for network, optimizer, rate, columns in zip(
            networks, own, rates, (rows[:, 0], rows[:, 1, 2:]), strict=True
        ):
            optimizer.param_groups[0]["lr"] = rate * factor
            optimizer.zero_grad()
            network(columns).square().sum().backward()
            optimizer.step()
    state = dict(whole.named_parameters())
    for lane, network in enumerate(networks):
        for name, value in network.named_parameters():
            found = lane_of(state[name], value, lane, 2)
            assert torch.allclose(found, value, atol=1e-5)
    assert torch.equal(state["weight"][1, :, :2], torch.zeros(3, 2))
