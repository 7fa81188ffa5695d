"""Karras et al.'s objective: unit variances at both ends, the ideal denoiser, the weighted loss."""

from __future__ import annotations

import pytest
import torch
from regene_bench_plugins.methods.diffusion.denoising import Denoising
from torch import Tensor

SIGMAS = torch.tensor([0.002, 0.05, 0.5, 1.0, 7.0, 80.0], dtype=torch.float64)


def parts(objective: Denoising) -> tuple[Tensor, Tensor, Tensor]:
    """c_skip, c_out and c_in of all noise levels."""
    scales = objective.scales(SIGMAS)
    return scales.skip.flatten(), scales.out.flatten(), scales.entrance.flatten()


@pytest.mark.parametrize("data", [0.25, 0.5, 0.66])
def test_input_and_target_have_unit_variance(data: float) -> None:
    skip, out, entrance = parts(Denoising(sigma_data=data))
    one = torch.ones_like(SIGMAS)
    # x = y + σ n, with Var y = data² and Var n = 1
    torch.testing.assert_close(entrance**2 * (data**2 + SIGMAS**2), one)
    variance = ((1 - skip) ** 2 * data**2 + skip**2 * SIGMAS**2) / out**2
    torch.testing.assert_close(variance, one)


def test_the_target_is_uncorrelated_with_the_input() -> None:
    """So c_skip is the best there is: errors of the network are amplified as little as possible."""
    skip, _, _ = parts(Denoising())
    covariance = (1 - skip) * 0.25 - skip * SIGMAS**2
    torch.testing.assert_close(covariance, torch.zeros_like(SIGMAS), atol=1e-12, rtol=0)


def test_the_network_is_told_a_quarter_of_the_logarithm() -> None:
    torch.testing.assert_close(Denoising().scales(SIGMAS).level.exp() ** 4, SIGMAS)


def test_a_network_that_says_zero_denoises_gaussian_pixels_ideally() -> None:
    """For y ~ N(0, s²): E[y | x] = x s² / (s² + σ²)."""
    torch.manual_seed(0)
    noisy = torch.randn(6, 1, 2, 2, dtype=torch.float64)
    found = Denoising(0.5).predict(lambda x, *_: 0 * x, noisy, SIGMAS, torch.zeros(6).long())
    shrunk = 0.25 / (0.25 + SIGMAS**2)
    torch.testing.assert_close(found, noisy * shrunk[:, None, None, None])


def test_a_network_that_hits_its_target_gives_the_clean_image() -> None:
    objective, generator = Denoising(), torch.Generator().manual_seed(0)
    images = torch.randn(6, 1, 3, 3, dtype=torch.float64, generator=generator)
    noise = torch.randn(6, 1, 3, 3, dtype=torch.float64, generator=generator)
    noisy = images + SIGMAS[:, None, None, None] * noise
    target = objective.target(images, noisy, objective.scales(SIGMAS))
    found = objective.predict(lambda *_: target, noisy, SIGMAS, torch.zeros(6).long())
    torch.testing.assert_close(found, images)


class Noted:
    """A network that keeps what it is given, and gives a constant."""

    def __call__(self, images: Tensor, levels: Tensor, labels: Tensor) -> Tensor:
        self.images, self.levels, self.labels = images, levels, labels
        return torch.full_like(images, 0.3)


def test_the_loss_is_the_weighted_error_of_the_denoised_image() -> None:
    """λ(σ) |D(x) − y|² with λ = (σ² + s²) / (σ s)² (Table 1)."""
    torch.manual_seed(0)
    network, objective = Noted(), Denoising()
    images, labels = torch.rand(32, 1, 4, 4) * 2 - 1, torch.arange(32)
    losses = objective.losses(network, images, labels)
    assert torch.equal(network.labels, labels)
    sigma = (4 * network.levels).exp()
    noisy = network.images * (sigma**2 + 0.25).sqrt()[:, None, None, None]
    denoised = objective.predict(network, noisy, sigma, labels)
    weight = (sigma**2 + 0.25) / (sigma * 0.5) ** 2
    expected = weight * (denoised - images).square().mean((1, 2, 3))
    torch.testing.assert_close(losses, expected, rtol=1e-3, atol=1e-5)


def test_noise_levels_are_log_normal() -> None:
    torch.manual_seed(0)
    network = Noted()
    images = torch.zeros(20_000, 1, 1, 1)
    Denoising(log_mean=-1.0, log_std=0.7).losses(network, images, torch.zeros(20_000).long())
    logarithms = 4 * network.levels
    assert float(logarithms.mean()) == pytest.approx(-1.0, abs=0.02)
    assert float(logarithms.std()) == pytest.approx(0.7, abs=0.02)


def test_gaussian_pixels_cost_one_at_every_noise_level() -> None:
    torch.manual_seed(0)
    images = 0.5 * torch.randn(64, 1, 32, 32)
    losses = Denoising(0.5).losses(lambda x, *_: 0 * x, images, torch.zeros(64).long())
    torch.testing.assert_close(losses, torch.ones(64), atol=0.25, rtol=0)
