"""Karras et al.'s objective: remove noise of any strength, by a network with well-scaled ends.

Karras, Aittala, Aila & Laine 2022, "Elucidating the Design Space of Diffusion-Based Generative
Models", section 5 and Table 1 (last column).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from regene_bench_plugins.methods.diffusion.objective import Network

_IMAGE_AXES = (1, 2, 3)


@dataclass(frozen=True)
class Scales:
    """Preconditioning at some noise levels: D(x) = skip · x + out · F(entrance · x; level).

    Attributes:
        skip: c_skip, ``[N, 1, 1, 1]``.
        out: c_out.
        entrance: c_in.
        level: c_noise, ``[N]``: what the network is told of the noise.
    """

    skip: Tensor
    out: Tensor
    entrance: Tensor
    level: Tensor


@dataclass(frozen=True)
class Denoising:
    """Predicts the image in x = y + σ n, with n standard normal and any σ.

    Attributes:
        sigma_data: Standard deviation of the images' pixels; the paper has ½ for all data sets.
        log_mean: Mean of ln σ in training (P_mean).
        log_std: Standard deviation of ln σ in training (P_std).
    """

    sigma_data: float = 0.5
    log_mean: float = -1.2
    log_std: float = 1.2

    def scales(self, sigma: Tensor) -> Scales:
        """Preconditioning for noise levels ``[N]``.

        What the network takes and what it is to give both have a variance of 1 where pixels have
        that of ``sigma_data``, and its errors are amplified as little as possible (appendix B.6).
        """
        column = sigma[:, None, None, None]
        data, total = self.sigma_data, (column**2 + self.sigma_data**2).sqrt()
        return Scales(
            skip=data**2 / total**2,
            out=column * data / total,
            entrance=1 / total,
            level=sigma.log() / 4,
        )

    def target(self, images: Tensor, noisy: Tensor, scales: Scales) -> Tensor:
        """What the network itself is to give: it makes D(x) the clean image."""
        return (images - scales.skip * noisy) / scales.out

    def losses(self, network: Network, images: Tensor, labels: Tensor) -> Tensor:
        """Squared error of the network's own output, as of ``Objective``.

        It equals the error of D(x) with the paper's weight λ(σ) = 1 / c_out².
        """
        normal = torch.randn(len(images), device=images.device)
        sigma = (self.log_mean + self.log_std * normal).exp()
        scales = self.scales(sigma)
        noisy = torch.addcmul(images, sigma[:, None, None, None], torch.randn_like(images))
        found = network(scales.entrance * noisy, scales.level, labels)
        error = found - self.target(images, noisy, scales)
        return error.square().mean(_IMAGE_AXES)

    def predict(self, network: Network, noisy: Tensor, level: Tensor, labels: Tensor) -> Tensor:
        """D(x; σ), the expected image, with σ as level; as of ``Objective``."""
        scales = self.scales(level)
        found = network(scales.entrance * noisy, scales.level, labels)
        return torch.addcmul(scales.skip * noisy, scales.out, found)
