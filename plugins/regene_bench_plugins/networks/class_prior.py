"""A learned Gaussian of latents for each class, with full covariance."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal


class ClassPrior(nn.Module):
    """p(z | y) = N(μ_y, (L_yᵀ L_y)⁻¹) with lower-triangular L_y; every class starts at N(0, I).

    Args:
        n_classes: K.
        latent_dim: D.
        learned: False keeps the standard normal for all classes.
    """

    def __init__(self, n_classes: int, latent_dim: int, learned: bool) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(n_classes, latent_dim), requires_grad=learned)
        factor = torch.zeros(n_classes, latent_dim, latent_dim)
        self.factor = nn.Parameter(factor, requires_grad=learned)

    def draw(self, labels: Tensor, noise: Tensor) -> Tensor:
        """Turn standard normal noise ``[N, D]`` into z of the classes ``[N]``."""
        z: Tensor
        z = torch.linalg.solve_triangular(self._factors()[labels], noise[..., None], upper=False)
        drawn: Tensor = self.mean[labels] + z[..., 0]
        return drawn

    def distribution(self, labels: Tensor) -> MultivariateNormal:
        """p(z | y) for labels, int64 ``[N]``."""
        factors = self._factors()[labels]
        identity = torch.eye(factors.shape[1], device=factors.device).expand_as(factors)
        root = torch.linalg.solve_triangular(factors, identity, upper=False)
        return MultivariateNormal(self.mean[labels], scale_tril=root, validate_args=False)

    def divergence(self, mean: Tensor, log_variance: Tensor, labels: Tensor) -> Tensor:
        """Kullback–Leibler divergence of diagonal Gaussians from the prior of their classes.

        Args:
            mean: float32 ``[N, D]``.
            log_variance: float32 ``[N, D]``.
            labels: int64 ``[N]``.

        Returns:
            Nats, float32 ``[N]``.
        """
        factors = self._factors()[labels]
        shift = torch.einsum("nij,nj->ni", factors, mean - self.mean[labels])
        spread = torch.einsum("nij,nj->n", factors.square(), log_variance.exp())
        log_volumes = 2 * factors.diagonal(dim1=1, dim2=2).log().sum(1) + log_variance.sum(1)
        return 0.5 * (shift.square().sum(1) + spread - mean.shape[1] - log_volumes)

    @torch.no_grad()
    def fit(self, mean: Tensor, log_variance: Tensor, labels: Tensor) -> None:
        """Set the prior to its optimum for given posteriors; classes without any stay as they are.

        Among Gaussians, the one with the mixture's mean and covariance has the smallest divergence.

        Args:
            mean: Means of the posteriors of many images, float32 ``[N, D]``.
            log_variance: Their variances' logarithms, float32 ``[N, D]``.
            labels: int64 ``[N]``.
        """
        for label in sorted(set(labels.tolist())):
            own = mean[labels == label].double()
            inner = log_variance[labels == label].double().exp().mean(0)
            covariance = torch.cov(own.T, correction=0).reshape(len(inner), -1) + inner.diag()
            root: Tensor = torch.linalg.cholesky(covariance)
            identity = torch.eye(len(inner), dtype=root.dtype, device=root.device)
            factor = torch.linalg.solve_triangular(root, identity, upper=False)
            self.mean[label] = own.mean(0)
            self.factor[label] = factor.tril(-1) + factor.diagonal().log().diag()

    def _factors(self) -> Tensor:
        """The L of each class, ``[K, D, D]``, with a positive diagonal."""
        diagonal = self.factor.diagonal(dim1=1, dim2=2).exp()
        return self.factor.tril(-1) + torch.diag_embed(diagonal)
