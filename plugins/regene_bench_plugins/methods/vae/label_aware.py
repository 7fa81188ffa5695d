"""A conditional autoencoder whose own networks see the labels, as a benchmark sees it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from regene_bench.api import Generation, SampleRng
from regene_bench_plugins.methods.common.inference import in_padded_chunks
from regene_bench_plugins.methods.vae.model import gaussian_of, likelihood_of, standard_normal
from regene_bench_plugins.methods.vae.network import Autoencoding
from regene_bench_plugins.methods.vae.pixels import Pixels
from regene_bench_plugins.methods.vae.samplers import StandardNormal


class LabelAwareModel:
    """Encoder, decoder, generator from the standard normal, and the three densities.

    Latents are ``[z, one-hot]``, since the decoder needs the label. ``encode`` is given none and
    takes the recogniser's.

    Args:
        network: In evaluation mode, with labels at both entrances.
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
