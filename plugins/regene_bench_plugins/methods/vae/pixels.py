"""p(x | z): what a decoder's logits say of the pixels, as a loss and as a distribution."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Distribution, Independent, Normal
from torch.nn import functional as F

_IMAGE_DIMS = 3
_LOG_2PI = math.log(2 * math.pi)


class Pixels(nn.Module, ABC):
    """Independent pixels given z; a module, since their spread may be learned."""

    @abstractmethod
    def negative_log_likelihood(self, logits: Tensor, images: Tensor) -> Tensor:
        """−log p(x | z), summed over the pixels of each image.

        Args:
            logits: The decoder's, float32 ``[N, C, H, W]``.
            images: In [0, 1], the same shape.

        Returns:
            Nats, float32 ``[N]``.
        """

    @abstractmethod
    def distribution(self, logits: Tensor) -> Distribution:
        """p(x | z) over images ``[C, H, W]``, a batch of N."""


class GaussianPixels(Pixels):
    """Gaussians around the decoded image: ``½ Σ (x − x̂)² / γ² + D log(γ √2π)``.

    Args:
        sigma: The standard deviation γ, or where it starts.
        learned: Whether γ is learned with the networks (Dai & Wipf 2019, equation 3).
    """

    def __init__(self, sigma: float, *, learned: bool = False) -> None:
        super().__init__()
        self.log_sigma = nn.Parameter(torch.tensor(math.log(sigma)), requires_grad=learned)

    @property
    def sigma(self) -> Tensor:
        """γ, a scalar without gradient."""
        return self.log_sigma.detach().exp()

    def negative_log_likelihood(self, logits: Tensor, images: Tensor) -> Tensor:
        """As of ``Pixels``."""
        return self.of_errors(torch.sigmoid(logits) - images)

    def distribution(self, logits: Tensor) -> Distribution:
        """As of ``Pixels``."""
        normal = Normal(torch.sigmoid(logits), self.sigma, validate_args=False)
        return Independent(normal, _IMAGE_DIMS, validate_args=False)

    def of_errors(self, errors: Tensor) -> Tensor:
        """−log N(errors; 0, γ²), summed: ``[N, ...]`` to ``[N]``."""
        squares = errors.square().flatten(1)
        log_volume = squares.shape[1] * (self.log_sigma + 0.5 * _LOG_2PI)
        likelihood: Tensor = 0.5 * squares.sum(1) * (-2 * self.log_sigma).exp() + log_volume
        return likelihood


class GaussianVectors(GaussianPixels):
    """Gaussians around what the decoder gives as it is, for data ``[N, D]`` of any range."""

    def negative_log_likelihood(self, logits: Tensor, images: Tensor) -> Tensor:
        """As of ``Pixels``, for vectors ``[N, D]``."""
        return self.of_errors(logits - images)

    def distribution(self, logits: Tensor) -> Distribution:
        """As of ``Pixels``, for vectors."""
        normal = Normal(logits, self.sigma, validate_args=False)
        return Independent(normal, 1, validate_args=False)


class BernoulliPixels(Pixels):
    """Binary cross-entropy. Grey values between 0 and 1 make it a loss, not a density."""

    def negative_log_likelihood(self, logits: Tensor, images: Tensor) -> Tensor:
        """As of ``Pixels``."""
        losses = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
        return losses.flatten(1).sum(1)

    def distribution(self, logits: Tensor) -> Distribution:
        """As of ``Pixels``."""
        bernoulli = Bernoulli(logits=logits, validate_args=False)
        return Independent(bernoulli, _IMAGE_DIMS, validate_args=False)
