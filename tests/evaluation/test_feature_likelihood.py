"""Feature likelihoods against closed forms, densities of scipy, and the published procedure."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from torch import Tensor

from regene_bench.base.errors import MethodError
from regene_bench.evaluation import feature_likelihood as module
from regene_bench.evaluation.feature_likelihood import feature_likelihood, halves_likelihood

from .builders import gaussian


def standardised(features: Tensor, by: Tensor) -> Tensor:
    return (features.double() - by.double().mean(0)) / by.double().std(0)


def published(centres: Tensor, training: Tensor, held_out: Tensor) -> tuple[float, float]:
    """The published procedure by torch's own gradients, float64, in one batch."""
    centres, training, held_out = (standardised(x, held_out) for x in (centres, training, held_out))
    dimension = centres.shape[1]
    squares = torch.cdist(training, centres).square()
    logs = ((squares.min(0).values + 1e-3) / dimension).log().requires_grad_()
    origin = torch.zeros((), dtype=torch.float64, requires_grad=True)
    of_mean = 0.81 * (training - training.mean(0)).square().sum(1)

    def density(squares: Tensor, log_variance: Tensor) -> Tensor:
        width = dimension / 2 * (log_variance + math.log(2 * math.pi))
        return -0.5 * squares / log_variance.exp() - width

    optimizer = torch.optim.Adam([logs, origin], lr=0.5)
    for _ in range(50):
        optimizer.zero_grad()
        each = density(squares, logs) - math.log(len(centres))
        every = torch.cat([each, density(of_mean, origin)[:, None]], dim=1)
        (-every.logsumexp(1).mean() / dimension).backward()
        optimizer.step()
        with torch.no_grad():
            logs.clamp_(-40, 20)

    def of(samples: Tensor) -> float:
        each = density(torch.cdist(samples, centres).square(), logs) - math.log(len(centres))
        return -float(each.detach().logsumexp(1).mean()) / dimension

    return of(held_out), of(training)


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_it_is_the_published_procedure(shift: float) -> None:
    sides = gaussian(60, 7, 0, shift=shift), gaussian(200, 7, 1), gaussian(150, 7, 2)
    found = feature_likelihood(*sides)
    expected = published(*sides)
    assert (found.held_out, found.training) == pytest.approx(expected, rel=1e-3)


def test_in_several_batches_it_is_nearly_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = gaussian(60, 7, 0), gaussian(200, 7, 1), gaussian(150, 7, 2)
    whole = feature_likelihood(*sides)
    monkeypatch.setattr(module, "_BATCH", 64)
    monkeypatch.setattr(module, "_ROWS", 33)
    parts = feature_likelihood(*sides)
    assert parts.held_out == pytest.approx(whole.held_out, rel=0.05)
    assert parts.held_out != whole.held_out


def test_a_mixture_has_the_density_that_scipy_gives_it() -> None:
    centres, samples = gaussian(5, 3, 0).double(), gaussian(40, 3, 1).double()
    mixture = module._Mixture(centres)
    mixture.log_variances = torch.tensor([-1.0, 0.0, 0.5, 1.0, -2.0])
    each = [
        multivariate_normal(centre.numpy(), math.exp(log)).logpdf(samples.numpy())
        for centre, log in zip(centres, mixture.log_variances.tolist(), strict=True)
    ]
    expected = -(logsumexp(np.stack(each), axis=0) - math.log(5)).mean() / 3
    found = mixture.negative_log_likelihood(samples, lambda: None)
    assert found == pytest.approx(expected, rel=1e-9)


def test_one_gaussian_ends_at_its_own_entropy() -> None:
    # all centres in one place: the best variance is 1, and the negative log-likelihood the entropy
    # of a standard normal number
    found = feature_likelihood(torch.zeros(9, 4), gaussian(4000, 4, 0), gaussian(4000, 4, 1))
    assert found.held_out == pytest.approx(0.5 * (1 + math.log(2 * math.pi)), abs=0.03)


def test_training_samples_are_told_by_the_gap() -> None:
    training, held_out = gaussian(120, 6, 0), gaussian(120, 6, 1)
    fresh = feature_likelihood(gaussian(120, 6, 2), training, held_out)
    memorised = feature_likelihood(training.clone(), training, held_out)
    baseline = halves_likelihood(training, held_out, 60)
    assert abs(fresh.gap) < 40
    assert memorised.gap < -500
    assert memorised.divergence(baseline) > fresh.divergence(baseline) + 100


def test_the_divergence_grows_with_the_noise_and_is_zero_for_real_samples() -> None:
    training, held_out = gaussian(400, 5, 0), gaussian(300, 5, 1)
    baseline = halves_likelihood(training, held_out, 200)
    assert baseline.divergence(baseline) == 0
    real = gaussian(200, 5, 2)
    values = [
        feature_likelihood(real + noise * gaussian(200, 5, 3), training, held_out).divergence(
            baseline
        )
        for noise in (0.0, 1.0, 3.0)
    ]
    assert abs(values[0]) < 10
    assert values == sorted(values)
    assert values[2] > values[0] + 10


def test_units_do_not_count_and_constant_dimensions_are_left_out() -> None:
    sides = gaussian(50, 4, 0), gaussian(90, 4, 1), gaussian(80, 4, 2)
    expected = feature_likelihood(*sides).held_out
    units = torch.tensor([1e-3, 1.0, 50.0, 1e4])
    assert feature_likelihood(*(x * units - 7 for x in sides)).held_out == pytest.approx(
        expected, rel=1e-3
    )
    wider = [torch.cat([x, torch.full((len(x), 2), 3.0)], dim=1) for x in sides]
    assert feature_likelihood(*wider).held_out == pytest.approx(expected, rel=1e-9)


def test_it_is_the_same_each_time_whatever_was_drawn_before() -> None:
    sides = gaussian(30, 4, 0), gaussian(60, 4, 1), gaussian(60, 4, 2)
    first, halves = feature_likelihood(*sides), halves_likelihood(sides[1], sides[2], 20)
    torch.rand(3)
    assert feature_likelihood(*sides) == first
    assert halves_likelihood(sides[1], sides[2], 20) == halves


def test_what_cannot_be_likely_is_an_error() -> None:
    with pytest.raises(MethodError, match="nothing is likely"):
        feature_likelihood(gaussian(9, 3, 0), gaussian(9, 3, 1), torch.ones(9, 3))
    with pytest.raises(MethodError):
        feature_likelihood(gaussian(9, 3, 0), gaussian(9, 2, 1), gaussian(9, 3, 2))
