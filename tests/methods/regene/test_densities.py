"""Densities of latents in place of convex combinations, on the same trained networks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from regene_bench_plugins.methods.regene.convex import LatentPool
from regene_bench_plugins.methods.regene.densities import (
    DensityCandidates,
    FlowOfLatents,
    LatentDensity,
    LatentDensityConfig,
    MixturesOfLatents,
    fit_density,
)
from torch import Tensor

from regene_bench.api import (
    SAMPLING_STATE,
    BenchmarkData,
    MethodError,
    SampleRng,
    UnavailableError,
    to_float,
)
from regene_bench.testing.stripes import class_means, nearest_class

from ..builders import fit, make_data, make_runtime

DENSITIES = ("gaussian", "mixture", "flow")
FLOW: dict[str, Any] = {
    "flow_images": 6000,
    "flow_transforms": 2,
    "flow_width": 16,
    "flow_batch_size": 64,
    "flow_learning_rate": 1e-2,
}
SMALL = FLOW | {"density_dim": 4, "components": 2}
NAMES = ("left", "right")


def two_classes() -> LatentPool:
    """Latents of six numbers that lie in a plane: class 0 around one centre, class 1 around two."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(3000) % 2
    plane = 0.5 * torch.randn(3000, 2, generator=generator)
    plane[:, 0] += 8.0 * labels
    plane[:, 1] += torch.where(torch.arange(3000) % 4 == 1, 4.0, -4.0) * labels
    turned = torch.linalg.qr(torch.randn(6, 2, generator=generator)).Q
    return LatentPool.of(plane @ turned.T, labels, 2)


def density_of(
    sampler: str, pool: LatentPool, folder: Path, **changes: Any
) -> Callable[[], LatentDensity]:
    config = LatentDensityConfig(sampler=sampler, **(FLOW | {"density_dim": 2} | changes))
    runtime = make_runtime(folder)
    return fit_density(config, lambda: pool, 6, NAMES, runtime, kept={}, seen={})


def drawn(density: LatentDensity, label: int, n: int) -> Tensor:
    source = DensityCandidates(density, SampleRng(0), torch.device("cpu"))
    return source.latents([source.candidate(label, i, 0) for i in range(n)])


@pytest.mark.parametrize("sampler", ["gaussian", "mixture"])
def test_draws_of_a_class_have_its_moments(sampler: str, tmp_path: Path) -> None:
    pool = two_classes()
    density = density_of(sampler, pool, tmp_path, components=2)()
    for label in (0, 1):
        own = pool.latents[pool.offsets[label] : pool.offsets[label + 1]]
        found = drawn(density, label, 2000)
        torch.testing.assert_close(found.mean(0), own.mean(0), rtol=0, atol=0.25)
        spread, expected = torch.cov(found.T), torch.cov(own.T)
        assert float((spread - expected).norm() / expected.norm()) < 0.1


def test_mixtures_and_flows_leave_the_middle_of_two_heaps_empty_and_a_gaussian_does_not(
    tmp_path: Path,
) -> None:
    pool = two_classes()
    middle = pool.latents[pool.offsets[1] :].mean(0)
    between = {}
    for sampler in DENSITIES:
        found = drawn(density_of(sampler, pool, tmp_path, components=2)(), 1, 2000)
        between[sampler] = float(((found - middle).norm(dim=1) < 2).float().mean())
    assert between["gaussian"] > 0.25
    assert between["mixture"] < 0.01
    assert between["flow"] < 0.1


def test_a_candidate_depends_on_its_sample_and_trial_alone(tmp_path: Path) -> None:
    density = density_of("mixture", two_classes(), tmp_path)()
    device = torch.device("cpu")
    whole = DensityCandidates(density, SampleRng(3), device)
    late = DensityCandidates(density, SampleRng(3, 5), device)
    expected = whole.latents([whole.candidate(1, 7, trial) for trial in range(4)])
    assert torch.equal(late.latents([late.candidate(1, 2, trial) for trial in range(4)]), expected)
    assert len(torch.unique(expected, dim=0)) == 4
    assert whole.max_candidates(1) is None


@pytest.mark.parametrize("sampler", ["gaussian", "mixture"])
def test_mixtures_come_back_from_their_tensors(sampler: str, tmp_path: Path) -> None:
    density = density_of(sampler, two_classes(), tmp_path)()
    assert isinstance(density, MixturesOfLatents)
    again = MixturesOfLatents.from_tensors(density.tensors())
    assert torch.equal(drawn(again, 1, 50), drawn(density, 1, 50))


def test_latents_behind_a_relu_have_no_negative_draws(tmp_path: Path) -> None:
    pool = two_classes()
    rectified = LatentPool(pool.latents.relu(), pool.offsets)
    for sampler in DENSITIES:
        density = density_of(sampler, rectified, tmp_path, flow_images=640, density_dim=6)()
        found = drawn(density, 0, 500)
        assert float(found.min()) == 0.0
        assert float((found == 0).float().mean()) > 0.1


def test_a_flow_is_trained_at_once_and_gaussians_when_they_are_wanted(tmp_path: Path) -> None:
    def unread() -> LatentPool:
        raise AssertionError("the pool is made")

    config = LatentDensityConfig(sampler="gaussian")
    density = fit_density(config, unread, 6, NAMES, make_runtime(tmp_path), kept={}, seen={})
    with pytest.raises(AssertionError, match="the pool is made"):
        density()
    config = LatentDensityConfig(sampler="flow")
    with pytest.raises(AssertionError, match="the pool is made"):
        fit_density(config, unread, 6, NAMES, make_runtime(tmp_path), kept={}, seen={})


@pytest.fixture(scope="module")
def trained(stripes: BenchmarkData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints of a ReGene of convex combinations."""
    folder = tmp_path_factory.mktemp("regene")
    fit("regene", stripes, make_runtime(folder))
    return folder


@pytest.mark.parametrize("sampler", ["convex", *DENSITIES])
def test_any_sampler_draws_on_the_same_regene_and_is_judged_alike(
    sampler: str, stripes: BenchmarkData, trained: Path
) -> None:
    runtime = make_runtime(trained)
    model = fit("regene", stripes, runtime, sampler=sampler, **SMALL)
    networks = [r for r in runtime.ledger if r.name in ("classifier", "decoder")]
    assert len(networks) == 2
    assert all(report.seconds == report.restored_seconds for report in networks)
    labels = torch.arange(3).repeat_interleave(12)
    generation = model.generate(labels, SampleRng(0))
    found = nearest_class(generation.images, class_means(stripes.train, 3))
    assert float((found == labels).float().mean()) > 0.8
    confidences = model.classify(generation.images).softmax(1)[torch.arange(36), labels]
    assert bool((confidences >= model.thresholds[labels]).all())
    assert bool((generation.trials["latent"] >= 1).all())
    assert bool((generation.trials["image"] >= generation.trials["latent"]).all())
    parts = [model.generate(labels[i : i + 7], SampleRng(0, i)) for i in range(0, 36, 7)]
    images = torch.cat([part.images for part in parts])
    torch.testing.assert_close(images, generation.images, rtol=0, atol=1e-6)
    for kind in ("latent", "image"):
        together = torch.cat([part.trials[kind] for part in parts])
        assert torch.equal(together, generation.trials[kind])


@pytest.mark.parametrize("name", ["regene", "autoencoder"])
@pytest.mark.parametrize("sampler", ["convex", *DENSITIES])
def test_what_is_kept_draws_the_same_without_the_data(
    name: str, sampler: str, stripes: BenchmarkData, tmp_path: Path
) -> None:
    """As an exported model does."""
    changes = SMALL | {"sampler": sampler, "flow_images": 640}
    model = fit(name, stripes, make_runtime(tmp_path), **changes)
    labels = torch.arange(9) % 3
    expected = model.generate(labels, SampleRng(0)).images
    runtime = make_runtime(tmp_path)
    runtime.checkpoints.save(SAMPLING_STATE, dict(model.sampling_state()))
    other = make_data(n_classes=3, per_class=5)
    again = fit(name, other, runtime, **changes)
    assert torch.equal(again.generate(labels, SampleRng(0)).images, expected)
    images = to_float(stripes.test.images[:4])
    assert torch.equal(again.encode(images), model.encode(images))
    assert ("latents" in model.sampling_state()) is (sampler == "convex")


def test_a_missing_library_is_told_before_any_training(
    monkeypatch: pytest.MonkeyPatch, stripes: BenchmarkData, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "zuko", None)
    for name in ("regene", "autoencoder", "vae"):
        runtime = make_runtime(tmp_path / name)
        with pytest.raises(UnavailableError, match="zuko") as raised:
            fit(name, stripes, runtime, sampler="flow")
        assert "regene-bench[flows]" in str(raised.value.hint)
        assert not runtime.ledger
        assert not (tmp_path / name).exists()


def test_a_class_without_latents_is_named() -> None:
    pool = LatentPool.of(torch.rand(5, 2), torch.zeros(5, dtype=torch.int64), 2)
    with pytest.raises(MethodError, match=r"'right' has 0 training images; a density needs one"):
        pool.require(1, NAMES, "training images")


def test_what_a_flow_learned_of_right_latents_is_not_taken_for_one_of_all(
    stripes: BenchmarkData, trained: Path
) -> None:
    for pool in ("all", "right"):
        fit("regene", stripes, make_runtime(trained), sampler="flow", pool=pool, **SMALL)
    flows = {path.name for path in trained.glob("flow_*.safetensors")}
    assert len(flows) >= 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("sampler", "normal"), ("density_dim", 0), ("components", 0), ("flow_bins", 1)],
)
def test_impossible_values_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        LatentDensityConfig(**{field: value})


def test_a_flow_of_latents_keeps_nothing_beside_its_checkpoint(tmp_path: Path) -> None:
    density = density_of("flow", two_classes(), tmp_path, flow_images=64)()
    assert isinstance(density, FlowOfLatents)
    assert density.tensors() == {}
