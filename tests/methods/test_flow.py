"""Normalising flows of codes: against densities that are known, and as a stage of a training."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from regene_bench_plugins.methods.common.flow import (
    FLOW_PARAMS,
    FlowConfig,
    FlowSampler,
    LatentCodes,
    LatentFlow,
    fit_flow,
)
from regene_bench_plugins.methods.common.principal import PrincipalCoordinates
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from regene_bench.api import Interrupted, SampleRng, UnavailableError

from .builders import StopAfter, make_runtime

SMALL: dict[str, Any] = {
    "flow_images": 26_000,
    "flow_transforms": 3,
    "flow_width": 32,
    "flow_batch_size": 256,
    "flow_learning_rate": 1e-2,
}
SHORT = SMALL | {"flow_images": 160, "flow_batch_size": 16}

# class 0 is the left Gaussian, class 1 the right one
SHARES = torch.tensor([0.4, 0.6])
CENTRES = torch.tensor([[-3.0, 0.0], [2.0, 4.0]])
COVARIANCES = torch.tensor([[[1.0, 0.6], [0.6, 1.0]], [[0.25, 0.0], [0.0, 2.0]]])
GAUSSIANS = MultivariateNormal(CENTRES, COVARIANCES)
MIXTURE = MixtureSameFamily(Categorical(SHARES), GAUSSIANS)


def drawn(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draws of the mixture, and which Gaussian each is of."""
    generator = torch.Generator().manual_seed(seed)
    labels = (torch.rand(n, generator=generator) < SHARES[1]).long()
    noise = torch.randn(n, 2, 1, generator=generator)
    factors = torch.linalg.cholesky(COVARIANCES)[labels]
    return CENTRES[labels] + (factors @ noise).squeeze(2), labels


def fitted(folder: Path, n_classes: int, **changes: Any) -> FlowSampler:
    config = FlowConfig(**(SMALL | changes))
    codes = LatentCodes(lambda: drawn(8000, seed=0))
    return fit_flow(config, codes, 2, make_runtime(folder), n_classes=n_classes)


@pytest.fixture(scope="module")
def of_all(tmp_path_factory: pytest.TempPathFactory) -> FlowSampler:
    return fitted(tmp_path_factory.mktemp("all"), 0)


@pytest.fixture(scope="module")
def of_classes(tmp_path_factory: pytest.TempPathFactory) -> FlowSampler:
    return fitted(tmp_path_factory.mktemp("classes"), 2)


def nats_lost(sampler: FlowSampler, truth: Tensor, codes: Tensor, labels: Tensor) -> float:
    """Mean of log p − log q over draws of p: an estimate of the divergence, 0 at best."""
    with torch.no_grad():
        return float((truth - sampler._flow.log_density(codes, labels)).mean())


def test_a_flow_has_the_moments_of_a_known_mixture(of_all: FlowSampler) -> None:
    found = of_all.draw(torch.zeros(5000, dtype=torch.int64), SampleRng(0))
    mean = SHARES @ CENTRES
    within = (SHARES[:, None, None] * COVARIANCES).sum(0)
    between = (CENTRES - mean).T @ torch.diag(SHARES) @ (CENTRES - mean)
    torch.testing.assert_close(found.mean(0), mean, rtol=0, atol=0.2)
    torch.testing.assert_close(torch.cov(found.T), within + between, rtol=0.1, atol=0.2)


def test_its_log_likelihood_is_near_that_of_the_mixture_itself(of_all: FlowSampler) -> None:
    codes, labels = drawn(4000, seed=1)
    assert -0.02 < nats_lost(of_all, MIXTURE.log_prob(codes), codes, labels) < 0.1


def test_given_the_class_it_is_near_the_gaussian_of_the_class(of_classes: FlowSampler) -> None:
    codes, labels = drawn(4000, seed=1)
    truth = GAUSSIANS.log_prob(codes[:, None])[torch.arange(4000), labels]
    assert -0.02 < nats_lost(of_classes, truth, codes, labels) < 0.1
    for label in (0, 1):
        found = of_classes.draw(torch.full((3000,), label), SampleRng(0))
        torch.testing.assert_close(found.mean(0), CENTRES[label], rtol=0, atol=0.2)
        torch.testing.assert_close(torch.cov(found.T), COVARIANCES[label], rtol=0.15, atol=0.15)


def test_classes_stay_apart(of_classes: FlowSampler) -> None:
    labels = torch.arange(1000) % 2
    found = of_classes.draw(labels, SampleRng(3))
    likeliest = GAUSSIANS.log_prob(found[:, None]).argmax(1)
    assert float((likeliest == labels).float().mean()) > 0.97


def test_without_classes_no_label_is_looked_at(of_all: FlowSampler) -> None:
    zeros = torch.zeros(20, dtype=torch.int64)
    assert torch.equal(of_all.draw(zeros, SampleRng(0)), of_all.draw(zeros + 1, SampleRng(0)))


def test_draws_do_not_depend_on_the_batch(of_classes: FlowSampler) -> None:
    asked = torch.arange(40) % 2
    parts = [of_classes.draw(asked[i : i + 9], SampleRng(5, i)) for i in range(0, 40, 9)]
    torch.testing.assert_close(
        torch.cat(parts), of_classes.draw(asked, SampleRng(5)), rtol=0, atol=1e-5
    )


def test_the_density_integrates_to_one(of_all: FlowSampler) -> None:
    """Over a grid of squares: the logarithm of the Jacobian is right, that of whitening, too."""
    step = 0.1
    across = torch.arange(-9, 9, step)
    grid = torch.cartesian_prod(across, across)
    with torch.no_grad():
        density = of_all._flow.log_density(grid, torch.zeros(len(grid), dtype=torch.int64)).exp()
    assert float(density.sum()) * step**2 == pytest.approx(1.0, abs=0.02)


def test_codes_of_one_number_have_a_flow(tmp_path: Path) -> None:
    codes = LatentCodes(lambda: (drawn(2000, seed=0)[0][:, :1], torch.zeros(2000).long()))
    sampler = fit_flow(
        FlowConfig(**(SMALL | {"flow_images": 8000})), codes, 1, make_runtime(tmp_path)
    )
    found = sampler.draw(torch.zeros(4000, dtype=torch.int64), SampleRng(0))
    assert float((found > -0.5).float().mean()) == pytest.approx(0.6, abs=0.06)


def test_an_interrupted_flow_ends_bit_equal(tmp_path: Path) -> None:
    config, codes = FlowConfig(**SHORT), LatentCodes(lambda: drawn(300, seed=0))
    plain = fit_flow(config, codes, 2, make_runtime(tmp_path / "plain"), n_classes=2)
    interruptions = 0
    for looks in (1, 4, 100):
        runtime = make_runtime(tmp_path / "cut", stop=StopAfter(looks))
        try:
            again = fit_flow(config, codes, 2, runtime, n_classes=2)
        except Interrupted:
            interruptions += 1
    assert interruptions == 2
    expected, found = plain._flow.state_dict(), again._flow.state_dict()
    assert all(torch.equal(expected[key], found[key]) for key in expected)


def test_a_flow_that_has_ended_does_not_look_at_the_codes(tmp_path: Path) -> None:
    config = FlowConfig(**SHORT)
    codes = LatentCodes(lambda: drawn(300, seed=0))
    first = fit_flow(config, codes, 2, make_runtime(tmp_path), n_classes=2)

    def unread() -> tuple[Tensor, Tensor]:
        raise AssertionError("the codes are made")

    again = fit_flow(config, LatentCodes(unread), 2, make_runtime(tmp_path), n_classes=2)
    asked = torch.arange(10) % 2
    assert torch.equal(first.draw(asked, SampleRng(0)), again.draw(asked, SampleRng(0)))


def test_flows_of_other_sizes_lengths_or_codes_keep_other_checkpoints(tmp_path: Path) -> None:
    """So runs that differ in these alone can share a folder of checkpoints."""
    codes, runtime = LatentCodes(lambda: drawn(40, seed=0)), make_runtime(tmp_path)
    others = {
        "flow_images": 32,
        "flow_transforms": 2,
        "flow_width": 8,
        "flow_bins": 4,
        "flow_batch_size": 8,
        "flow_learning_rate": 1e-4,
    }
    assert others.keys() == FLOW_PARAMS
    usual = SHORT | {"flow_images": 16}
    for changes in ({}, *({key: value} for key, value in others.items())):
        fit_flow(FlowConfig(**(usual | changes)), codes, 2, runtime)
    fit_flow(FlowConfig(**usual), codes, 2, runtime, n_classes=2)
    fit_flow(FlowConfig(**usual), codes, 2, runtime, dim=1)
    fit_flow(FlowConfig(**usual), codes, 2, runtime, seen={"pool": "right"})
    assert len(list(tmp_path.glob("flow_*.safetensors"))) == len(others) + 4
    assert all(report.restored_seconds == 0 for report in runtime.ledger)


def test_without_the_library_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "zuko", None)
    with pytest.raises(UnavailableError, match="zuko, which is not installed") as raised:
        LatentFlow(2, 2, 0, FlowConfig())
    assert "pip install 'regene-bench[flows]'" in str(raised.value.hint)


def test_principal_coordinates_are_white_and_come_back() -> None:
    codes, _ = drawn(3000, seed=0)
    coordinates = PrincipalCoordinates(2, 2)
    coordinates.fit(codes)
    white = coordinates(codes)
    torch.testing.assert_close(white.mean(0), torch.zeros(2), rtol=0, atol=1e-5)
    torch.testing.assert_close(torch.cov(white.T), torch.eye(2), rtol=0, atol=1e-4)
    torch.testing.assert_close(coordinates.inverse(white), codes, rtol=0, atol=1e-4)


def test_fewer_components_keep_the_most_of_the_variance() -> None:
    """Codes of rank 3 in 10 numbers: three components lose nothing, two the least direction."""
    generator = torch.Generator().manual_seed(0)
    turned = torch.linalg.qr(torch.randn(10, 3, generator=generator)).Q
    spread = torch.tensor([5.0, 3.0, 1.0])
    codes = torch.randn(4000, 3, generator=generator) * spread @ turned.T + 1.0
    lost = []
    for dim in (3, 2):
        coordinates = PrincipalCoordinates(10, dim)
        coordinates.fit(codes)
        back = coordinates.inverse(coordinates(codes))
        lost.append(float((back - codes).square().sum(1).mean()))
    assert lost[0] < 1e-8
    assert lost[1] == pytest.approx(1.0, rel=0.1)


def test_a_direction_without_variance_stays_at_its_value() -> None:
    codes = torch.cat([drawn(500, seed=0)[0], torch.full((500, 1), 7.0)], dim=1)
    coordinates = PrincipalCoordinates(3, 3)
    coordinates.fit(codes)
    assert bool(torch.isfinite(coordinates(codes)).all())
    torch.testing.assert_close(coordinates.inverse(torch.zeros(1, 3))[0, 2], torch.tensor(7.0))


def test_codes_behind_a_relu_are_drawn_without_negative_numbers(tmp_path: Path) -> None:
    def made() -> tuple[Tensor, Tensor]:
        codes, labels = drawn(2000, seed=0)
        return codes.relu(), labels

    sampler = fit_flow(FlowConfig(**SHORT), LatentCodes(made), 2, make_runtime(tmp_path / "relu"))
    found = sampler.draw(torch.zeros(500, dtype=torch.int64), SampleRng(0))
    assert float(found.min()) == 0.0
    others = fitted(tmp_path / "others", 0, **SHORT)
    assert float(others.draw(torch.zeros(500, dtype=torch.int64), SampleRng(0)).min()) < -3
