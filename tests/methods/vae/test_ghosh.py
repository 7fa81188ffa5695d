"""Presets after the code of Ghosh et al.: their losses and ours are one up to a factor."""

from __future__ import annotations

import pytest
import torch
from regene_bench_plugins.methods.vae.cv_vae import CVVAE
from regene_bench_plugins.methods.vae.ghosh import against_summed_error, sigma_of_kl_weight
from regene_bench_plugins.methods.vae.network import Posterior
from regene_bench_plugins.methods.vae.objectives import (
    EncodedBatch,
    NegativeELBO,
    RAEObjective,
)
from regene_bench_plugins.methods.vae.pixels import GaussianPixels
from regene_bench_plugins.methods.vae.rae_sn import RAESN
from regene_bench_plugins.methods.vae.training import rate_schedule
from regene_bench_plugins.methods.vae.two_stage_vae import TwoStageVAE
from regene_bench_plugins.methods.vae.vae import VAE
from regene_bench_plugins.methods.vae.wae import WAE

from regene_bench.api import Clock, ImageShape, Method, Preset

MNIST = ImageShape(1, 28, 28, 10)
CIFAR10 = ImageShape(3, 32, 32, 10)
CELEBA = ImageShape(3, 64, 64, 2)


def encoded(shape: ImageShape, latent_dim: int) -> EncodedBatch:
    """Six random images, codes and logits."""
    generator = torch.Generator().manual_seed(0)
    size = (6, shape.channels, shape.height, shape.width)
    mean, log_variance, z = (torch.randn(6, latent_dim, generator=generator) for _ in range(3))
    logits = torch.randn(size, generator=generator)
    images = torch.rand(size, generator=generator)
    labels = torch.zeros(6, dtype=torch.int64)
    return EncodedBatch(images, labels, Posterior(mean, log_variance), z, logits)


@pytest.mark.parametrize(("shape", "weight"), [(MNIST, 0.312), (CIFAR10, 0.024)])
def test_the_bound_at_that_sigma_is_their_loss_up_to_a_factor_and_a_constant(
    shape: ImageShape, weight: float
) -> None:
    batch = encoded(shape, 4)
    sigma = sigma_of_kl_weight(weight, shape.channels)
    terms = NegativeELBO(GaussianPixels(sigma))(batch)
    error = (torch.sigmoid(batch.logits) - batch.images).square()
    theirs = error.mean(1).flatten(1).sum(1).mean() + weight * terms["kl"]
    values = error[0].numel()
    constant = values * torch.tensor(sigma * (2 * torch.pi) ** 0.5).log()
    ours = weight * (terms["reconstruction"] - constant + terms["kl"])
    torch.testing.assert_close(ours, theirs)


def test_a_weight_against_the_mean_error_grows_by_the_number_of_values() -> None:
    batch, weight = encoded(CIFAR10, 4), 0.03
    error = (torch.sigmoid(batch.logits) - batch.images).square()
    theirs = error.mean() + weight * batch.z.square().mean()
    summed = against_summed_error(weight, CIFAR10)
    ours = sum(RAEObjective(2 * summed / 4)(batch).values()) / (3 * 32 * 32)
    torch.testing.assert_close(ours, theirs)


def test_padding_of_28_to_32_pixels_counts() -> None:
    assert against_summed_error(0.03, MNIST) == pytest.approx(0.03 * 1024)
    assert against_summed_error(0.03, ImageShape(3, 28, 28, 10)) == pytest.approx(0.03 * 2352)
    assert against_summed_error(0.03, ImageShape(1, 8, 8, 10)) == pytest.approx(0.03 * 64)


@pytest.mark.parametrize("method", [VAE, CVVAE, WAE, RAESN])
@pytest.mark.parametrize(("shape", "latents"), [(MNIST, 16), (CIFAR10, 128), (CELEBA, 64)])
def test_latents_batches_and_widths_are_theirs(
    method: type[Method], shape: ImageShape, latents: int
) -> None:
    values = method.preset("paper", shape)
    assert (values["latent_dim"], values["batch_size"]) == (latents, 100)
    assert values["encoder_width"] == (512 if (method, shape) == (CVVAE, CELEBA) else 1024)
    assert not values["one_cycle"]


@pytest.mark.parametrize(
    ("method", "weights"),
    [(VAE, (0.312, 0.024, 0.09024)), (CVVAE, (0.039, 9e-4, 0.01))],
    ids=["vae", "cv_vae"],
)
def test_the_divergence_has_their_weight(
    method: type[Method], weights: tuple[float, float, float]
) -> None:
    for shape, weight in zip((MNIST, CIFAR10, CELEBA), weights, strict=True):
        values = method.preset("paper", shape)
        assert values["reconstruction"] == "mse"
        assert 2 * values["sigma"] ** 2 / shape.channels == pytest.approx(weight)


def test_the_discrepancy_has_their_weight() -> None:
    for shape, weight in ((MNIST, 30.72), (CIFAR10, 18.432), (CELEBA, 2000)):
        assert WAE.preset("paper", shape)["mmd_weight"] == pytest.approx(weight)


@pytest.mark.parametrize(("preset", "factor"), [("quick", 10), ("standard", 10), ("paper", 1)])
def test_gamma_has_the_rate_of_the_weights_in_paper(preset: Preset, factor: float) -> None:
    config = TwoStageVAE.Config(**TwoStageVAE.preset(preset, MNIST))
    assert isinstance(config, TwoStageVAE.Config)
    assert config.second_plan(60_000).objective_rate == factor


def test_a_rate_is_constant_halved_or_rises_and_falls_once() -> None:
    def factors(halved_every: float | None, one_cycle: bool) -> list[float]:
        schedule = rate_schedule(halved_every, one_cycle)
        return [schedule(Clock(0, 0, 10 * at, at)) for at in (0.0, 0.2, 0.99)]

    assert factors(None, False) == [1, 1, 1]
    assert factors(4, False) == factors(4, True) == [1, 1, 0.25]
    rising, peak, falling = factors(None, True)
    assert max(rising, falling) < 0.02 < peak == 1
