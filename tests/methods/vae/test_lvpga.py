"""Each term of LVPGA trains the network that it is meant for, and is what its formula says."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from regene_bench_plugins.methods.vae import lvpga
from regene_bench_plugins.methods.vae.build import unconditional_network
from regene_bench_plugins.methods.vae.config import NetworkConfig
from regene_bench_plugins.methods.vae.lvpga_objective import (
    TermWeights,
    frozen_mean,
    log_stretch,
    lvpga_terms,
    untracked,
)
from regene_bench_plugins.methods.vae.network import Autoencoding, GaussianHeads, PointHeads
from torch import Tensor, nn

from regene_bench.api import BenchmarkData, ImageShape, Stage
from regene_bench.training.schedules import Clock

from ..builders import make_runtime

SHAPE = ImageShape(1, 8, 8, 3)
ALL = TermWeights(noise=0.5, codes=0.25, variational=0.1, kl=0.2, likelihood=0.3)
ENCODER, DECODER = {"encoder", "heads"}, {"decoder"}


@pytest.fixture
def network() -> Autoencoding:
    torch.manual_seed(0)
    config = NetworkConfig(
        latent_dim=3, encoder_width=4, encoder_narrowest=4, decoder_width=4, decoder_narrowest=4
    )
    return unconditional_network(config, SHAPE, GaussianHeads)


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(12, 1, 8, 8, generator=generator), torch.zeros(12, dtype=torch.int64)


def trained(network: Autoencoding, term: Tensor) -> set[str]:
    """Parts of the network that a term has a gradient for."""
    network.zero_grad()
    term.backward()
    return set(_parts(network))


def _parts(network: Autoencoding) -> Iterator[str]:
    for name, parameter in network.named_parameters():
        if parameter.grad is not None and parameter.grad.abs().sum() > 0:
            yield name.partition(".")[0]


@pytest.mark.parametrize(
    ("term", "parts"),
    [
        ("reconstruction", ENCODER | DECODER),
        ("latent", ENCODER),
        ("variational", ENCODER | DECODER),
        ("kl", ENCODER),
        ("likelihood", ENCODER | DECODER),
    ],
)
def test_a_term_trains_what_it_is_meant_for(
    network: Autoencoding, batch: tuple[Tensor, Tensor], term: str, parts: set[str]
) -> None:
    assert trained(network, lvpga_terms(network, *batch, ALL)[term]) == parts


def gradients_of_heads(
    network: Autoencoding, batch: tuple[Tensor, Tensor], term: str
) -> tuple[Tensor, Tensor]:
    """What a term asks of the weights of the encoder's mean and of its log-variance."""
    lvpga_terms(network, *batch, ALL)[term].backward()
    assert isinstance(network.heads, GaussianHeads)
    gradient = network.heads.linear.weight.grad
    assert gradient is not None
    mean, log_variance = gradient.chunk(2)
    return mean, log_variance


def test_the_variational_term_reaches_the_encoder_by_its_spread_alone(
    network: Autoencoding, batch: tuple[Tensor, Tensor]
) -> None:
    mean, log_variance = gradients_of_heads(network, batch, "variational")
    assert torch.equal(mean, torch.zeros_like(mean))
    assert log_variance.abs().sum() > 0


def test_terms_are_proportional_to_their_weights(
    network: Autoencoding, batch: tuple[Tensor, Tensor]
) -> None:
    double = TermWeights(*(2 * value for value in vars(ALL).values()))
    torch.manual_seed(1)
    one = lvpga_terms(network, *batch, ALL)
    torch.manual_seed(1)
    two = lvpga_terms(network, *batch, double)
    torch.testing.assert_close(two["reconstruction"], one["reconstruction"])
    for name in ("latent", "variational", "kl", "likelihood"):
        torch.testing.assert_close(two[name], 2 * one[name])


def test_the_reconstruction_is_that_of_pixels_from_minus_one_to_one(
    network: Autoencoding, batch: tuple[Tensor, Tensor]
) -> None:
    images, labels = batch
    found = lvpga_terms(network.eval(), images, labels, ALL)["reconstruction"]
    rebuilt = torch.sigmoid(network.logits(network.posterior(images, labels).mean, labels))
    expected = ((2 * rebuilt - 1) - (2 * images - 1)).square().mean()
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("half", ["encoder", "decoder"])
def test_running_averages_are_those_of_real_images_and_their_codes(
    half: str, network: Autoencoding, batch: tuple[Tensor, Tensor]
) -> None:
    norm = next(m for m in getattr(network, half).modules() if isinstance(m, nn.BatchNorm2d))
    torch.manual_seed(0)
    lvpga_terms(network, *batch, ALL)
    assert norm.running_mean is not None
    found = norm.running_mean.clone()
    norm.reset_running_stats()
    images, labels = batch
    network.logits(network.posterior(images, labels).mean, labels)
    torch.testing.assert_close(found, norm.running_mean)


def test_momenta_come_back_even_after_an_error(network: Autoencoding) -> None:
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    before = [norm.momentum for norm in norms]
    with untracked(network):
        assert {norm.momentum for norm in norms} == {0.0}

    def fail() -> None:
        with untracked(network):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [norm.momentum for norm in norms] == before


def test_the_frozen_mean_is_the_mean(network: Autoencoding, batch: tuple[Tensor, Tensor]) -> None:
    images, labels = batch
    images.requires_grad_()
    network.eval()
    found = frozen_mean(network, images, labels)
    torch.testing.assert_close(found, network.posterior(images, labels).mean)
    assert trained(network, found.sum()) == set()
    assert images.grad is not None


def test_a_map_that_stretches_all_alike_has_its_volume_measured() -> None:
    steps = torch.randn(500, 4, dtype=torch.float64)
    rotation, _ = torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64))
    found = log_stretch(3 * steps @ rotation, steps)
    assert float(found) == pytest.approx(math.log(3), abs=1e-6)


def test_any_other_map_is_measured_as_larger_than_it_is() -> None:
    generator = torch.Generator().manual_seed(0)
    steps = torch.randn(20_000, 4, dtype=torch.float64, generator=generator)
    matrix = torch.randn(4, 4, dtype=torch.float64, generator=generator)
    volume = float(torch.linalg.slogdet(matrix).logabsdet) / 4
    assert float(log_stretch(steps @ matrix.T, steps)) > volume + 0.05


def test_a_deterministic_encoder_is_refused(batch: tuple[Tensor, Tensor]) -> None:
    network = unconditional_network(NetworkConfig(latent_dim=2), SHAPE, PointHeads)
    with pytest.raises(TypeError, match="how sure"):
        lvpga_terms(network, *batch, ALL)


def test_the_likelihood_trains_the_spread_that_its_steps_have(
    network: Autoencoding, batch: tuple[Tensor, Tensor]
) -> None:
    mean, log_variance = gradients_of_heads(network, batch, "likelihood")
    assert mean.abs().sum() > 0
    assert log_variance.abs().sum() > 0


def test_the_rate_is_halved_if_so_configured(
    stripes: BenchmarkData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages: list[Stage] = []

    def no_training(stage: Stage, *others: object) -> None:
        stages.append(stage)
        raise InterruptedError

    monkeypatch.setattr(lvpga, "train", no_training)
    config = lvpga.LVPGAConfig(latent_dim=2, images=96, halved_every=2)
    with pytest.raises(InterruptedError):
        lvpga.LVPGA(config).fit(stripes, make_runtime(tmp_path))
    schedule = stages[0].schedule
    assert [schedule(Clock(0, 0, epoch, 0.0)) for epoch in (0.0, 2.0, 5.0)] == [1, 0.5, 0.25]
