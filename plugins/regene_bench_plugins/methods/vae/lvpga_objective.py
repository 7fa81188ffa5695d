"""The losses of perceptual generative autoencoders (Zhang et al. 2020).

An encoder f and a decoder g make h(z) = f(g(z)), a map from codes to codes. Images are compared in
code space: f is trained to undo g on noise, and g so that h is a good decoder of the codes of real
images, by a variational bound and by a change of variables. All terms are means over values, with
pixels in [−1, 1], as in the authors' scripts; ``lvpga`` says where the terms depart from those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from regene_bench_plugins.methods.vae.network import Autoencoding
from regene_bench_plugins.methods.vae.objectives import divergence_from_normal

_TINY = 1e-8
# Beside the encoder's own spread, lest a Jacobian be measured with steps of no length.
_LEAST_STEP = 1e-2
# From squared errors of pixels in [0, 1] to those in [−1, 1].
_RANGE = 4


@dataclass(frozen=True)
class TermWeights:
    """What each term counts beside the reconstruction of images.

    Attributes:
        noise: Codes of decoded noise must be that noise; trains f.
        codes: Codes of decoded codes must be those codes; trains f.
        variational: h of a code and of a draw around it must agree; trains g and f's spread.
        kl: Divergence of f's codes from the standard normal; trains f.
        likelihood: Likelihood of codes by change of variables: their length trains f; the volume
            that h gives them trains g and, by the steps that it is measured with, f's spread.
    """

    noise: float
    codes: float
    variational: float
    kl: float
    likelihood: float


def lvpga_terms(
    network: Autoencoding, images: Tensor, labels: Tensor, weights: TermWeights
) -> Mapping[str, Tensor]:
    """The terms of one batch, weighted; their sum is minimised.

    Args:
        network: Encoder and decoder.
        images: float32 ``[N, C, H, W]`` in [0, 1].
        labels: int64 ``[N]``.
        weights: Of the terms.

    Returns:
        Scalars ``reconstruction``, ``latent``, ``variational``, ``kl`` and ``likelihood``.

    Raises:
        TypeError: The encoder is deterministic.
    """
    n = len(images)
    posterior = network.posterior(images, labels)
    mean, log_variance = posterior.mean, posterior.log_variance
    if log_variance is None:
        raise TypeError("the variational term needs an encoder that says how sure it is")
    deviation = (0.5 * log_variance).exp()
    code = mean.detach()
    noise = torch.randn_like(code)
    step = torch.randn_like(code) * (deviation + _LEAST_STEP)

    # Apart from the others: batch normalisation would carry their gradients to these codes.
    rebuilt = torch.sigmoid(network.logits(mean, labels))
    z = torch.cat([noise, code, code + step])
    with untracked(network):
        decoded = torch.sigmoid(network.logits(z, labels.repeat(3)))
        of_noise, of_code, of_near = torch.split(decoded, n)
        seen = torch.cat([of_noise, of_code]).detach()
        back = network.posterior(seen, labels.repeat(2)).mean
        back_noise, back_code = torch.split(back, n)
        seen = torch.cat([of_code, of_near])
        h_code, h_near = torch.split(frozen_mean(network, seen, labels.repeat(2)), n)

    latent = weights.noise * F.mse_loss(back_noise, noise)
    latent = latent + weights.codes * F.mse_loss(back_code, code)
    scale = code.square().mean(0).sqrt() + _TINY
    likelihood = 0.5 * mean.square().mean() + log_stretch(h_near - h_code, step)
    return {
        "reconstruction": _RANGE * F.mse_loss(rebuilt, images),
        "latent": latent,
        "variational": weights.variational * F.mse_loss(h_near / scale, h_code / scale),
        "kl": weights.kl * divergence_from_normal(mean, log_variance).mean(),
        "likelihood": weights.likelihood * likelihood,
    }


def log_stretch(change: Tensor, step: Tensor) -> Tensor:
    """Logarithm of how much longer steps became under a map, averaged: ``½ log(‖Δh‖² / ‖Δz‖²)``.

    Over steps of all directions alike its mean is ``log |det J| / D`` where the map stretches all
    directions alike, and above that elsewhere, the logarithm being concave.

    Args:
        change: Differences of the map's values, ``[N, D]``.
        step: Differences of its arguments, ``[N, D]``; taken as given.
    """
    longer = change.square().sum(1) + _TINY
    before = step.detach().square().sum(1) + _TINY
    return 0.5 * (longer.log() - before.log()).mean()


def frozen_mean(network: Autoencoding, images: Tensor, labels: Tensor) -> Tensor:
    """The encoder's mean, whose gradient goes to the images and not to the encoder's weights."""
    held = _Encoding(network)
    parameters = {name: value.detach() for name, value in held.named_parameters()}
    mean: Tensor = functional_call(held, parameters, (images, labels))
    return mean


@contextmanager
def untracked(network: nn.Module) -> Iterator[None]:
    """Leave batch norms' running averages as they are: those are of real images and their codes."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


class _Encoding(nn.Module):
    """The encoding half of a network."""

    def __init__(self, network: Autoencoding) -> None:
        super().__init__()
        self.entrance = network.entrance
        self.encoder = network.encoder
        self.heads = network.heads

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        mean: Tensor = self.heads(self.encoder(self.entrance(images, labels))).mean
        return mean
