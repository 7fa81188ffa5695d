"""The prior of a class is a Gaussian: its draws and divergences are the textbook's."""

from __future__ import annotations

import pytest
import torch
from regene_bench_plugins.networks.class_prior import ClassPrior
from torch.distributions import MultivariateNormal, kl_divergence


@pytest.fixture
def prior() -> ClassPrior:
    made = ClassPrior(3, 4, learned=True)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        made.mean.normal_(generator=generator)
        made.factor.normal_(std=0.5, generator=generator)
    return made


def textbook(prior: ClassPrior, label: int) -> MultivariateNormal:
    raw = prior.factor[label].detach()
    factor = raw.tril(-1) + torch.diag(raw.diagonal().exp())
    return MultivariateNormal(prior.mean[label].detach(), precision_matrix=factor.T @ factor)


def test_the_divergence_is_that_of_torchs_distributions(prior: ClassPrior) -> None:
    mean, log_variance = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    expected = [
        kl_divergence(
            MultivariateNormal(mean[i], torch.diag(log_variance[i].exp())),
            textbook(prior, int(labels[i])),
        )
        for i in range(6)
    ]
    found = prior.divergence(mean, log_variance, labels)
    torch.testing.assert_close(found, torch.stack(expected), rtol=1e-4, atol=1e-4)


def test_draws_have_the_mean_and_covariance_of_their_class(prior: ClassPrior) -> None:
    n = 200_000
    noise = torch.randn(n, 4, generator=torch.Generator().manual_seed(2))
    drawn = prior.draw(torch.full((n,), 1), noise).detach()
    expected = textbook(prior, 1)
    scale = float(expected.covariance_matrix.diagonal().max())
    torch.testing.assert_close(drawn.mean(0), expected.mean, rtol=0, atol=0.02 * scale**0.5)
    torch.testing.assert_close(
        torch.cov(drawn.T), expected.covariance_matrix, rtol=0, atol=0.02 * scale
    )


def test_a_prior_that_is_not_learned_is_the_standard_normal() -> None:
    prior = ClassPrior(2, 3, learned=False)
    assert not [p for p in prior.parameters() if p.requires_grad]
    noise = torch.randn(5, 3)
    assert torch.equal(prior.draw(torch.zeros(5, dtype=torch.long), noise), noise)
    zeros = torch.zeros(1, 3)
    assert float(prior.divergence(zeros, zeros, torch.tensor([1]))) == 0.0


def test_a_fitted_prior_has_the_smallest_divergence(prior: ClassPrior) -> None:
    generator = torch.Generator().manual_seed(3)
    mean = torch.randn(500, 4, generator=generator) @ torch.randn(4, 4, generator=generator)
    log_variance = torch.randn(500, 4, generator=generator)
    labels = torch.full((500,), 2)
    untouched = prior.mean[0].detach().clone()
    prior.fit(mean, log_variance, labels)
    assert torch.equal(prior.mean[0], untouched)
    best = prior.divergence(mean, log_variance, labels).mean()
    gradients = torch.autograd.grad(best, [prior.mean, prior.factor])
    for gradient in gradients:
        torch.testing.assert_close(gradient, torch.zeros_like(gradient), rtol=0, atol=1e-4)
