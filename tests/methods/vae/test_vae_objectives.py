"""Losses of autoencoders: the textbook's numbers, whatever the batch."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from regene_bench_plugins.methods.vae.network import Posterior
from regene_bench_plugins.methods.vae.objectives import (
    SCALES,
    DecayingKLObjective,
    EncodedBatch,
    MMDObjective,
    NegativeELBO,
    Objective,
    RAEObjective,
    divergence_from_normal,
    multiquadratic_mmd,
)
from regene_bench_plugins.methods.vae.pixels import (
    BernoulliPixels,
    GaussianPixels,
    GaussianVectors,
    Pixels,
)
from regene_bench_plugins.methods.vae.training import sum_of_terms
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from regene_bench.training.schedules import Clock


def encoded(n: int = 6, times: int = 1) -> EncodedBatch:
    """A batch, or the same images several times over."""
    generator = torch.Generator().manual_seed(0)

    def random(*size: int) -> Tensor:
        return torch.randn(n, *size, generator=generator).repeat(times, *(1 for _ in size))

    images = torch.sigmoid(random(1, 4, 5))
    mean, log_variance = random(3), random(3)
    z = mean + random(3) * (0.5 * log_variance).exp()
    labels = torch.zeros(n * times, dtype=torch.int64)
    return EncodedBatch(images, labels, Posterior(mean, log_variance), z, random(1, 4, 5))


def test_the_divergence_is_that_of_torchs_distributions() -> None:
    batch = encoded()
    mean, log_variance = batch.posterior.mean, batch.posterior.log_variance
    assert log_variance is not None
    normal = Normal(mean, (0.5 * log_variance).exp())
    expected = kl_divergence(normal, Normal(torch.zeros(3), torch.ones(3)))
    torch.testing.assert_close(divergence_from_normal(mean, log_variance), expected)


@pytest.mark.parametrize("pixels", [GaussianPixels(0.3), BernoulliPixels()])
def test_the_loss_of_pixels_is_that_of_their_distribution(pixels: Pixels) -> None:
    batch = encoded()
    expected = -pixels.distribution(batch.logits).log_prob(batch.images)
    found = pixels.negative_log_likelihood(batch.logits, batch.images)
    torch.testing.assert_close(found, expected)


def test_the_loss_of_vectors_is_that_of_their_distribution() -> None:
    vectors, means = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(1))
    density = GaussianVectors(0.3)
    expected = -density.distribution(means).log_prob(vectors)
    torch.testing.assert_close(density.negative_log_likelihood(means, vectors), expected)


def test_a_learned_deviation_is_best_at_the_root_of_the_mean_squared_error() -> None:
    batch = encoded()
    error = float((torch.sigmoid(batch.logits) - batch.images).square().mean())
    pixels = GaussianPixels(math.sqrt(error), learned=True)
    loss = pixels.negative_log_likelihood(batch.logits, batch.images).mean()
    (gradient,) = torch.autograd.grad(loss, [pixels.log_sigma])
    assert float(gradient) == pytest.approx(0.0, abs=1e-4)


def test_the_bound_is_the_sum_of_its_textbook_terms() -> None:
    batch = encoded()
    terms = NegativeELBO(GaussianPixels(1.0))(batch)
    assert batch.posterior.log_variance is not None
    squares = (torch.sigmoid(batch.logits) - batch.images).square().sum((1, 2, 3))
    constant = 20 * 0.5 * math.log(2 * math.pi)
    assert float(terms["reconstruction"]) == pytest.approx(float(squares.mean() / 2) + constant)
    nats = divergence_from_normal(batch.posterior.mean, batch.posterior.log_variance)
    assert float(terms["kl"]) == pytest.approx(float(nats.sum()) / 6)


@pytest.mark.parametrize(
    ("progress", "factor"), [(0.0, 100.0), (0.15, 10.0), (0.3, 1.0), (0.9, 1.0)]
)
def test_the_divergence_is_dear_at_first(progress: float, factor: float) -> None:
    objective = DecayingKLObjective(BernoulliPixels(), 100.0)
    clock = Clock(0, 0, 0.0, progress)
    weights = {name: weight(clock) for name, weight in objective.weights.items()}
    batch = replace(encoded(), weights=weights)
    plain = NegativeELBO(BernoulliPixels())(batch)
    found = objective(batch)
    assert float(found["kl"]) == pytest.approx(factor * float(plain["kl"]), rel=1e-5)
    assert float(found["reconstruction"]) == float(plain["reconstruction"])


def test_a_bound_needs_a_density_of_codes() -> None:
    batch = encoded()
    points = Posterior(batch.posterior.mean, None)
    with pytest.raises(TypeError, match="how sure"):
        NegativeELBO(BernoulliPixels())(
            EncodedBatch(batch.images, batch.labels, points, batch.z, batch.logits)
        )


@pytest.mark.parametrize(
    "objective",
    [NegativeELBO(GaussianPixels(0.5)), NegativeELBO(BernoulliPixels()), RAEObjective(0.7)],
)
def test_losses_do_not_scale_with_the_batch(objective: Objective) -> None:
    once, thrice = objective(encoded()), objective(encoded(times=3))
    for name, value in once.items():
        assert float(thrice[name].detach()) == pytest.approx(float(value.detach()), rel=1e-5)


def test_the_discrepancy_does_not_scale_with_the_batch() -> None:
    def values(n: int, times: int) -> Tensor:
        pairs = [(1 + torch.randn(n, 4), torch.randn(n, 4)) for _ in range(times)]
        return torch.stack([multiquadratic_mmd(codes, prior) for codes, prior in pairs])

    torch.manual_seed(0)
    small, large = values(8, 400), values(64, 50)
    error = float(small.std()) / math.sqrt(400) + float(large.std()) / math.sqrt(50)
    assert abs(float(small.mean() - large.mean())) < 3 * error


@pytest.mark.parametrize(
    ("objective", "without", "term"),
    [
        (RAEObjective(2.0), RAEObjective(0.0), "embedding"),
        (MMDObjective(2.0), MMDObjective(0.0), "mmd"),
    ],
)
def test_every_regulariser_is_part_of_the_loss(
    objective: Objective, without: Objective, term: str
) -> None:
    def terms_of(chosen: Objective) -> dict[str, Tensor]:
        torch.manual_seed(3)
        return dict(chosen(encoded()))

    full, bare = terms_of(objective), terms_of(without)
    assert float(bare[term]) == 0.0
    assert float(full[term]) != 0.0
    assert float(sum_of_terms(full) - sum_of_terms(bare)) == pytest.approx(
        float(full[term]), rel=1e-4
    )


def plain_mmd(codes: Tensor, prior: Tensor) -> float:
    """Pair by pair, in float64."""
    n, dimensions = codes.shape
    x, y = codes.double().tolist(), prior.double().tolist()

    def kernel(a: list[float], b: list[float]) -> float:
        square = sum((p - q) ** 2 for p, q in zip(a, b, strict=True))
        return sum(2 * dimensions * s / (2 * dimensions * s + square) for s in SCALES)

    total = 0.0
    for i in range(n):
        for j in range(n):
            if i != j:
                total += (kernel(x[i], x[j]) + kernel(y[i], y[j])) / (n * (n - 1))
            total -= 2 * kernel(x[i], y[j]) / n**2
    return total


@pytest.mark.parametrize(("n", "dimensions"), [(2, 1), (7, 3), (20, 8)])
def test_the_discrepancy_equals_a_double_loop(n: int, dimensions: int) -> None:
    generator = torch.Generator().manual_seed(n)
    codes = 2 * torch.randn(n, dimensions, generator=generator) + 0.5
    prior = torch.randn(n, dimensions, generator=generator)
    found = float(multiquadratic_mmd(codes, prior))
    assert found == pytest.approx(plain_mmd(codes, prior), abs=1e-5)


def test_the_discrepancy_has_the_gradient_of_its_definition() -> None:
    generator = torch.Generator().manual_seed(2)
    codes, prior = torch.randn(2, 5, 3, generator=generator, dtype=torch.float64)
    inputs = (codes.requires_grad_(), prior.requires_grad_())
    assert torch.autograd.gradcheck(multiquadratic_mmd, inputs)


def test_the_discrepancy_of_equal_distributions_is_zero_in_the_mean() -> None:
    torch.manual_seed(1)
    values = torch.stack(
        [multiquadratic_mmd(torch.randn(16, 4), torch.randn(16, 4)) for _ in range(500)]
    )
    assert abs(float(values.mean())) < 3 * float(values.std()) / math.sqrt(500)


def test_the_discrepancy_needs_two_codes() -> None:
    with pytest.raises(ValueError, match="no discrepancy"):
        multiquadratic_mmd(torch.zeros(1, 2), torch.zeros(1, 2))
