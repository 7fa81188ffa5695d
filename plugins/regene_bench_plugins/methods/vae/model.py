"""Trained autoencoders that generate, as a benchmark sees them.

Three forms: a sampler of codes for a network that sees no labels (``AutoencodingModel``), the same
with the densities of a latent-variable model (``VariationalModel``), and a network that sees the
labels itself (``ConditionalModel``).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal

from regene_bench.api import Generation, SampleRng
from regene_bench_plugins.methods.common.inference import in_padded_chunks
from regene_bench_plugins.methods.vae.network import Autoencoding, Posterior
from regene_bench_plugins.methods.vae.pixels import Pixels
from regene_bench_plugins.methods.vae.samplers import Sampler, StandardNormal


class AutoencodingModel:
    """Encoder, decoder, and generator from a sampler of codes.

    Args:
        network: In evaluation mode; it looks at no labels.
        sampler: Draws codes.
        conditional: False if the sampler does not look at labels.
    """

    def __init__(self, network: Autoencoding, sampler: Sampler, conditional: bool) -> None:
        self._network = network
        self._sampler = sampler
        self._conditional = conditional

    @torch.inference_mode()
    def encode(self, images: Tensor) -> Tensor:
        """Map images ``[N, C, H, W]`` to codes, the posterior means, float32 ``[N, D]``."""
        return in_padded_chunks(
            lambda chunk: self._network.posterior(chunk, _no_labels(chunk)).mean, images
        )

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        """Map codes ``[N, D]`` to images, float32 ``[N, C, H, W]`` in [0, 1]."""
        return in_padded_chunks(
            lambda chunk: torch.sigmoid(self._network.logits(chunk, _no_labels(chunk))), latents
        )

    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        """Decode a code drawn for each label, int64 ``[N]``."""
        latents = self._sampler.draw(labels, rng)
        return Generation(self.decode(latents), latents, labelled=self._conditional)


class VariationalModel(AutoencodingModel):
    """The same with the three densities of a model of images: p(z), p(x | z) and q(z | x).

    p(z) is the standard normal that it was trained with, not the sampler's density.

    Args:
        network: As of ``AutoencodingModel``.
        sampler: Likewise.
        conditional: Likewise.
        pixels: p(x | z).
    """

    def __init__(
        self, network: Autoencoding, sampler: Sampler, conditional: bool, pixels: Pixels
    ) -> None:
        super().__init__(network, sampler, conditional)
        self._pixels = pixels

    def posterior(self, images: Tensor, labels: Tensor) -> Distribution:
        """q(z | x) for images ``[N, C, H, W]``; labels are not looked at."""
        return gaussian_of(self._network, images, labels)

    def prior(self, labels: Tensor) -> Distribution:
        """p(z), once for each label, int64 ``[N]``."""
        return standard_normal(labels, self._network.latent_dim)

    def likelihood(self, latents: Tensor, labels: Tensor) -> Distribution:
        """p(x | z) for z ``[N, D]``."""
        return likelihood_of(self._network, self._pixels, latents, labels)


class ConditionalModel:
    """Encoder, decoder, generator from the standard normal, and the three densities.

    Latents are ``[z, one-hot]``, since the decoder needs the label. ``encode`` is given none and
    takes the recogniser's.

    Args:
        network: In evaluation mode, with labels at both inputs.
        recogniser: Maps images to logits of the classes.
        pixels: p(x | z, y).
    """

    def __init__(self, network: Autoencoding, recogniser: nn.Module, pixels: Pixels) -> None:
        self._network = network
        self._recogniser = recogniser
        self._pixels = pixels
        self._sampler = StandardNormal(network.latent_dim)

    @torch.inference_mode()
    def encode(self, images: Tensor) -> Tensor:
        """Map images ``[N, C, H, W]`` to ``[mean of z, one-hot]``, float32 ``[N, D + K]``."""
        return in_padded_chunks(self._encode, images)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        """Map ``[z, one-hot]``, ``[N, D + K]``, to images in [0, 1]."""
        decoder = self._network.decoder
        return in_padded_chunks(lambda chunk: torch.sigmoid(decoder.logits(chunk)), latents)

    @torch.inference_mode()
    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        """Decode z drawn from N(0, I), with each label, int64 ``[N]``."""
        latents = self._network.code(self._sampler.draw(labels, rng), labels)
        return Generation(self.decode(latents), latents)

    def posterior(self, images: Tensor, labels: Tensor) -> Distribution:
        """q(z | x, y) for images ``[N, C, H, W]`` and their labels, int64 ``[N]``."""
        return gaussian_of(self._network, images, labels)

    def prior(self, labels: Tensor) -> Distribution:
        """N(0, I), once for each label."""
        return standard_normal(labels, self._network.latent_dim)

    def likelihood(self, latents: Tensor, labels: Tensor) -> Distribution:
        """p(x | z, y) for z ``[N, D]`` and labels, int64 ``[N]``."""
        return likelihood_of(self._network, self._pixels, latents, labels)

    def _encode(self, images: Tensor) -> Tensor:
        labels = self._recogniser(images).argmax(1)
        return self._network.code(self._network.posterior(images, labels).mean, labels)


def standard_normal(labels: Tensor, latent_dim: int) -> Distribution:
    """N(0, I) over ``[latent_dim]``, a batch of as many as there are labels."""
    zeros = torch.zeros(len(labels), latent_dim, device=labels.device)
    return Independent(Normal(zeros, torch.ones_like(zeros), validate_args=False), 1)


@torch.inference_mode()
def gaussian_of(network: Autoencoding, images: Tensor, labels: Tensor) -> Distribution:
    """q(z | x, y) for N images, a batch of N distributions over ``[D]``.

    Raises:
        TypeError: The encoder is deterministic.
    """
    posterior: Posterior = network.posterior(images, labels)
    if posterior.log_variance is None:
        raise TypeError("a deterministic encoder has no density")
    deviation = (0.5 * posterior.log_variance).exp()
    return Independent(Normal(posterior.mean, deviation, validate_args=False), 1)


@torch.inference_mode()
def likelihood_of(
    network: Autoencoding, pixels: Pixels, latents: Tensor, labels: Tensor
) -> Distribution:
    """p(x | z, y) for N codes, a batch of N distributions over ``[C, H, W]``."""
    return pixels.distribution(network.logits(latents, labels))


def _no_labels(rows: Tensor) -> Tensor:
    """Labels for networks that look at none."""
    return torch.zeros(len(rows), dtype=torch.int64, device=rows.device)
