"""Feature likelihood divergence: how likely held-out images are under the generated ones.

Jiralerspong et al., "Feature Likelihood Divergence" (NeurIPS 2023), in the form of their code. An
isotropic Gaussian stands on each generated sample, all with equal weight; its variance is fitted so
that training samples are likely. A sample that is a training sample can have a Gaussian of hardly
any width, which does nothing for held-out samples: what is memorised helps little. Features are
brought to mean 0 and variance 1 of held-out ones beforehand. Likelihoods are negative logarithms
per dimension.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from regene_bench.base.errors import MethodError
from regene_bench.evaluation.frechet import check_pair
from regene_bench.runtime.stop import StopCheck, no_stop

MOST_GENERATED = 10_000
_SCALE = 100.0
_EPOCHS = 50
_BATCH = 10_000
_RATE = 0.5
_LOG_VARIANCES = (-40.0, 20.0)
_LEAST_SQUARE = 1e-3
# of what is known of the distance of a sample from the mean of all, in the fitting alone
_ORIGIN = 0.9**2
_ROWS = 2048


@dataclass(frozen=True)
class FeatureLikelihood:
    """What a mixture on samples says of others.

    Attributes:
        held_out: Negative log-likelihood per dimension of held-out samples, a mean.
        training: The same of the training samples that the variances were fitted to.
    """

    held_out: float
    training: float

    @property
    def gap(self) -> float:
        """100 times how much likelier held-out samples are than training ones.

        About 0 where nothing is memorised, far below where samples are training samples.
        """
        return _SCALE * (self.training - self.held_out)

    def divergence(self, baseline: FeatureLikelihood) -> float:
        """100 times how much less likely held-out samples are than under a baseline's mixture.

        Args:
            baseline: Of one half of the training samples, fitted to the other half.
        """
        return _SCALE * (self.held_out - baseline.held_out)


def feature_likelihood(
    centres: Tensor, training: Tensor, held_out: Tensor, *, between: StopCheck = no_stop
) -> FeatureLikelihood:
    """Fit a mixture on samples to training samples and measure how likely others are.

    Deterministic: where the code of the authors draws, the first ones are taken. Distances are
    float64; the fit, whose result is no optimum but what 50 passes of Adam reach, is float32.

    Args:
        centres: Features of the samples ``[M, D]``; of more than ``MOST_GENERATED`` the first.
        training: Features ``[N, D]`` that variances are fitted to.
        held_out: Features ``[K, D]`` of others, K ≥ 2; dimensions that are equal in all are left
            out.
        between: Called between batches; it may raise to stop.

    Raises:
        MethodError: Shapes do not fit, values are not finite, there are fewer than two samples on a
            side, or held-out samples are all equal.
    """
    for side in (centres, training):
        check_pair(held_out, side)
    centres = centres[:MOST_GENERATED]
    exact = held_out.double()
    mean, deviation = exact.mean(0), exact.std(0)
    varies = deviation > 0
    if not bool(varies.any()):
        raise MethodError("All held-out images have the same features: nothing is likely.")

    def scaled(features: Tensor) -> Tensor:
        return ((features.double() - mean) / deviation.where(varies, 1.0))[:, varies]

    mixture = _Mixture(scaled(centres))
    train = scaled(training)
    mixture.fit(train, between)
    return FeatureLikelihood(
        held_out=mixture.negative_log_likelihood(scaled(held_out), between),
        training=mixture.negative_log_likelihood(train, between),
    )


def halves_likelihood(
    training: Tensor, held_out: Tensor, size: int, *, between: StopCheck = no_stop
) -> FeatureLikelihood:
    """The baseline: a mixture on some training samples, fitted to the others.

    Which ones is drawn once and for all: data sets are often sorted.

    Args:
        training: Features ``[N, D]``, N ≥ 4.
        held_out: Features ``[K, D]``.
        size: Samples of the mixture, at most half of the training samples.
        between: Called between batches; it may raise to stop.

    Raises:
        MethodError: As of ``feature_likelihood``.
    """
    order = torch.randperm(len(training), generator=torch.Generator().manual_seed(0))
    shuffled = training[order.to(training.device)]
    size = min(size, len(training) // 2, MOST_GENERATED)
    return feature_likelihood(shuffled[:size], shuffled[size:], held_out, between=between)


class _Mixture:
    """Isotropic Gaussians of equal weight.

    Args:
        centres: float64 ``[M, D]``.
    """

    def __init__(self, centres: Tensor) -> None:
        self._centres = centres
        self._dimension = centres.shape[1]
        self.log_variances = torch.zeros(len(centres), device=centres.device)

    def fit(self, samples: Tensor, between: StopCheck) -> None:
        """Choose variances: from that of the nearest sample on, by Adam on the likelihood.

        One more Gaussian, on the mean of the samples and of a variance of its own, keeps every
        sample in sight while the fit lasts; its weight is that of all others together.
        """
        samples = samples[_order(len(samples), samples.device)]
        squares = self._squares(samples, between)
        of_mean = _ORIGIN * (samples - samples.mean(0)).square().sum(1).float()
        nearest = squares.min(0).values
        self.log_variances = ((nearest + _LEAST_SQUARE) / self._dimension).log()
        origin = torch.zeros(1, device=samples.device)
        optimizer = torch.optim.Adam([self.log_variances, origin], lr=_RATE)
        for _ in range(_EPOCHS):
            for start in range(0, len(samples), _BATCH):
                between()
                batch = slice(start, start + _BATCH)
                self._step(squares[batch], of_mean[batch], origin, optimizer)

    def _step(
        self, squares: Tensor, of_mean: Tensor, origin: Tensor, optimizer: torch.optim.Optimizer
    ) -> None:
        """One step down the mean negative log-likelihood per dimension, whose gradient is known.

        With the responsibilities r_ij of Gaussian j for sample i, the derivative by the logarithm
        of its variance v_j is the mean over i of r_ij (D/2 − d_ij / 2 v_j) / D.
        """
        logarithms = self._logarithms(squares)
        of_origin = _log_density(of_mean[:, None], origin, self._dimension)
        whole = torch.logaddexp(logarithms.logsumexp(1), of_origin[:, 0])[:, None]
        self.log_variances.grad = _slope(
            (logarithms - whole).exp_(), squares, self.log_variances, self._dimension
        )
        origin.grad = _slope((of_origin - whole).exp_(), of_mean[:, None], origin, self._dimension)
        optimizer.step()
        self.log_variances.clamp_(*_LOG_VARIANCES)

    def negative_log_likelihood(self, samples: Tensor, between: StopCheck) -> float:
        """The mean over samples, per dimension, float64."""
        total = 0.0
        for rows in torch.split(samples, _ROWS):
            between()
            squares = torch.cdist(rows, self._centres).square()
            logarithms = _log_density(squares, self.log_variances.double(), self._dimension)
            total -= float((logarithms.logsumexp(1) - math.log(len(self._centres))).sum())
        return total / len(samples) / self._dimension

    def _logarithms(self, squares: Tensor) -> Tensor:
        found = _log_density(squares, self.log_variances, self._dimension)
        return found.sub_(math.log(len(self._centres)))

    def _squares(self, samples: Tensor, between: StopCheck) -> Tensor:
        """Squared distances, computed in float64 and kept in float32, ``[N, M]``."""
        parts = []
        for rows in torch.split(samples, _ROWS):
            between()
            parts.append(torch.cdist(rows, self._centres).square().float())
        return torch.cat(parts)


def _log_density(squares: Tensor, log_variances: Tensor, dimension: int) -> Tensor:
    """Logarithms of isotropic normal densities at squared distances ``[N, M]``."""
    constant = dimension / 2 * (log_variances + math.log(2 * math.pi))
    return squares.mul(-0.5 * (-log_variances).exp()).sub_(constant)


def _slope(shares: Tensor, squares: Tensor, log_variances: Tensor, dimension: int) -> Tensor:
    weights = shares.sum(0)
    spread = (shares * squares).sum(0) * (-log_variances).exp()
    return (weights - spread / dimension) / (2 * len(squares))


def _order(count: int, device: torch.device) -> Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(1)).to(device)
