"""Linear-Gaussian models: their likelihood is known, and training and bounds recover it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from regene_bench_plugins.methods.vae.model import VariationalModel
from regene_bench_plugins.methods.vae.network import Autoencoding, GaussianHeads
from regene_bench_plugins.methods.vae.objectives import NegativeELBO
from regene_bench_plugins.methods.vae.pixels import GaussianVectors
from regene_bench_plugins.methods.vae.samplers import StandardNormal
from regene_bench_plugins.methods.vae.second_stage import DrawnCodes, VectorInput
from regene_bench_plugins.methods.vae.training import Plan, fit_autoencoder
from regene_bench_plugins.metrics.latent_variable import divergences
from regene_bench_plugins.metrics.likelihood import importance_bounds
from regene_bench_plugins.networks.conditioning import CodeOnly
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from ..builders import make_runtime

OBSERVED, LATENT, SIGMA = 6, 2, 0.4


class LinearDecoder(nn.Linear):
    def logits(self, vectors: Tensor) -> Tensor:
        return self(vectors)


def linear_network() -> Autoencoding:
    """x = W z + b with a Gaussian posterior that is linear in x."""
    return Autoencoding(
        entrance=VectorInput(CodeOnly(OBSERVED)),
        encoder=nn.Identity(),
        heads=GaussianHeads(OBSERVED, LATENT),
        code=CodeOnly(LATENT),
        decoder=LinearDecoder(LATENT, OBSERVED),
    )


def true_weights() -> Tensor:
    """Orthogonal columns, so that the posterior has a diagonal covariance."""
    generator = torch.Generator().manual_seed(5)
    basis, _ = torch.linalg.qr(torch.randn(OBSERVED, LATENT, generator=generator))
    return basis * torch.tensor([2.0, 1.2])


def observations(n: int) -> Tensor:
    generator = torch.Generator().manual_seed(6)
    z = torch.randn(n, LATENT, generator=generator)
    noise = torch.randn(n, OBSERVED, generator=generator)
    return z @ true_weights().T + SIGMA * noise + 0.5


def exact_model(widened: float = 1.0) -> VariationalModel:
    """The model that the observations come from; its posterior may be made too wide."""
    network, weights = linear_network(), true_weights()
    precision = weights.square().sum(0) + SIGMA**2
    with torch.no_grad():
        network.decoder.weight.copy_(weights)  # type: ignore[union-attr]
        network.decoder.bias.fill_(0.5)  # type: ignore[union-attr]
        to_mean = weights.T / precision[:, None]
        linear = network.heads.linear  # type: ignore[union-attr]
        linear.weight.copy_(torch.cat([to_mean, torch.zeros_like(to_mean)]))
        spread = (widened**2 * SIGMA**2 / precision).log()
        linear.bias.copy_(torch.cat([-to_mean @ torch.full((OBSERVED,), 0.5), spread]))
    return VariationalModel(network, StandardNormal(LATENT), False, GaussianVectors(SIGMA))


def exact_log_likelihood(images: Tensor) -> Tensor:
    weights = true_weights().double()
    covariance = weights @ weights.T + SIGMA**2 * torch.eye(OBSERVED, dtype=torch.float64)
    mean = torch.full((OBSERVED,), 0.5, dtype=torch.float64)
    return MultivariateNormal(mean, covariance).log_prob(images.double())


def best_log_likelihood(images: Tensor) -> tuple[float, float]:
    """Mean log-likelihood and σ of probabilistic PCA's optimum (Tipping & Bishop 1999)."""
    values = torch.linalg.eigvalsh(torch.cov(images.double().T, correction=0)).flip(0)
    variance = float(values[LATENT:].mean())
    logs = values[:LATENT].log().sum() + (OBSERVED - LATENT) * math.log(variance)
    return -0.5 * float(OBSERVED * math.log(2 * math.pi) + logs + OBSERVED), math.sqrt(variance)


def labels_for(images: Tensor) -> Tensor:
    return torch.zeros(len(images), dtype=torch.int64)


def test_under_the_true_posterior_every_bound_is_the_likelihood() -> None:
    images = observations(50)
    model, exact = exact_model(), exact_log_likelihood(images)
    with torch.inference_mode():
        for samples in (1, 7):
            found = importance_bounds(model, images, labels_for(images), samples)
            torch.testing.assert_close(found, exact, rtol=0, atol=1e-4)


def test_the_importance_bound_lies_between_the_evidence_bound_and_the_likelihood() -> None:
    images = observations(400)
    labels, model = labels_for(images), exact_model(widened=1.5)
    exact = exact_log_likelihood(images).mean()
    torch.manual_seed(0)
    with torch.inference_mode():
        posterior = model.posterior(images, labels)
        nats = divergences(posterior, model.prior(labels)).sum(1)
        draws = [
            model.likelihood(posterior.sample(), labels).log_prob(images).double() - nats
            for _ in range(100)
        ]
        evidence = torch.stack(draws).mean()
        few = importance_bounds(model, images, labels, 5).mean()
        many = importance_bounds(model, images, labels, 200).mean()
    assert evidence < few < many
    assert float(exact - evidence) > 0.3
    assert float(many) == pytest.approx(float(exact), abs=0.03)


@pytest.mark.slow
def test_training_recovers_the_likelihood_of_probabilistic_pca(tmp_path: Path) -> None:
    images = observations(2000)
    data = DrawnCodes(torch.cat([images, torch.zeros_like(images)], 1), labels_for(images))
    runtime = make_runtime(tmp_path)
    with runtime.seeded("init"):
        network = linear_network()
        objective = NegativeELBO(density := GaussianVectors(1.0, learned=True))
    fit_autoencoder("ppca", network, objective, Plan(400_000, 100, 5e-3), data, runtime)
    best, sigma = best_log_likelihood(images)
    assert float(density.sigma) == pytest.approx(sigma, rel=0.03)
    model = VariationalModel(network, StandardNormal(LATENT), False, density)
    with torch.inference_mode():
        found = importance_bounds(model, images, labels_for(images), 50).mean()
        evidence = importance_bounds(model, images, labels_for(images), 1).mean()
    assert float(found) == pytest.approx(best, abs=0.02)
    assert float(evidence) == pytest.approx(best, abs=0.05)
