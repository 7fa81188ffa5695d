"""Conditional variational autoencoder with a prior for each class (Sohn et al. 2015).

Without a prior of its own, a class whose images differ much from the others' keeps part of its
label in z, where the standard normal knows nothing of it, and samples come out as other classes.

Departures from Sohn et al., whose networks complete images: the prior is a Gaussian for each class,
not a network of the condition; it learns at ten times the rate of the rest, being a few vectors;
the label goes beside the image and into both heads; and a recogniser, trained in the same steps,
stands in for labels that are not given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.distributions import Distribution, MultivariateNormal
from torch.nn import functional as F
from torch.optim import Adam

from regene_bench.api import (
    Batch,
    BenchmarkData,
    DeviceImages,
    Generation,
    ImageShape,
    Method,
    Preset,
    Runtime,
    SampleRng,
    Stage,
    constant,
    train,
)
from regene_bench_plugins.methods.common.inference import CHUNK, in_padded_chunks
from regene_bench_plugins.methods.common.optim import adam, gradient_step
from regene_bench_plugins.methods.vae.config import PixelConfig
from regene_bench_plugins.methods.vae.pixels import Pixels
from regene_bench_plugins.methods.vae.presets import network_preset, pixel_preset
from regene_bench_plugins.networks.block_description import BlockDescription
from regene_bench_plugins.networks.class_prior import ClassPrior
from regene_bench_plugins.networks.conditioning import LabelPlanes, one_hot
from regene_bench_plugins.networks.convolutional import (
    ConvClassifier,
    ConvEncoder,
    VectorDecoder,
)

_PRIOR_RATE = 10
_PRIOR_IMAGES = 20_000


class CVAEConfig(PixelConfig):
    """Networks, pixels, prior and recogniser.

    Attributes:
        prior: p(z | y): ``class``, a learned Gaussian for each class, or ``standard``, the same
            standard normal for all.
        recogniser_width: Channels of the recogniser's innermost block.
    """

    prior: Literal["class", "standard"] = "class"
    recogniser_width: int = Field(default=64, ge=1, le=4096)

    def recogniser_description(self, shape: ImageShape) -> BlockDescription:
        """The recogniser for images of this shape."""
        width = self.recogniser_width
        return self.description(shape, width, max(1, width // 4))


class CVAENetwork(nn.Module):
    """Encoder with label planes, two linear heads, a decoder of ``[z, one-hot]``, and the prior.

    Images that come without a label get one from a small recogniser q(y | x), as in the M2 model of
    Kingma et al. 2014; it shares no weight with the rest.
    """

    def __init__(self, shape: ImageShape, config: CVAEConfig) -> None:
        super().__init__()
        self.n_classes = shape.n_classes
        self.entrance = LabelPlanes(shape.n_classes)
        description = config.encoder_description(shape)
        self.encoder = ConvEncoder(shape, description, shape.n_classes)
        # The label enters here once more: taking a class's mean off z is then one linear step, and
        # z is soon rid of what the label says already.
        inputs = self.encoder.latent_dim + shape.n_classes
        self.heads = nn.Linear(inputs, 2 * config.latent_dim)
        description = config.decoder_description(shape)
        self.decoder = VectorDecoder(shape, description, config.latent_dim + shape.n_classes)
        learned = config.prior == "class"
        self.prior = ClassPrior(shape.n_classes, config.latent_dim, learned)
        self.recogniser = ConvClassifier(shape, config.recogniser_description(shape))

    def posterior(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of z, float32 ``[N, latent_dim]`` each."""
        features = self.encoder(self.entrance(images, labels))
        mean, log_variance = self.heads(self.code(features, labels)).float().chunk(2, dim=1)
        return mean, log_variance

    def code(self, z: Tensor, labels: Tensor) -> Tensor:
        """Append the label: ``[N, D]`` to ``[N, D + K]``."""
        return torch.cat([z, one_hot(labels, self.n_classes).to(z.dtype)], dim=1)


class CVAEModel:
    """Encoder (posterior mean), decoder, generator from the prior, and the densities of all three.

    Latents are ``[z, one-hot]``, since the decoder needs the label.
    """

    def __init__(self, network: CVAENetwork, latent_dim: int, pixels: Pixels) -> None:
        self._network = network
        self._latent_dim = latent_dim
        self._pixels = pixels

    @torch.inference_mode()
    def encode(self, images: Tensor) -> Tensor:
        """Map images ``[N, C, H, W]`` to ``[mean of z, one-hot]``, float32 ``[N, latent_dim + K]``.

        The label is the recogniser's.
        """
        return in_padded_chunks(self._encode, images)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        """Map ``[z, one-hot]``, ``[N, latent_dim + K]``, to images in [0, 1]."""
        return in_padded_chunks(self._network.decoder, latents)

    @torch.inference_mode()
    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        """Decode z drawn from the prior of each label, int64 ``[N]``."""
        noise = rng.normal(len(labels), (self._latent_dim,)).to(labels.device)
        latents = self._network.code(self._network.prior.draw(labels, noise), labels)
        return Generation(self.decode(latents), latents)

    @torch.inference_mode()
    def posterior(self, images: Tensor, labels: Tensor) -> Distribution:
        """q(z | x, y) for images ``[N, C, H, W]`` and their labels, int64 ``[N]``."""
        mean, log_variance = self._network.posterior(images, labels)
        root = torch.diag_embed((0.5 * log_variance).exp())
        return MultivariateNormal(mean, scale_tril=root, validate_args=False)

    @torch.inference_mode()
    def prior(self, labels: Tensor) -> Distribution:
        """p(z | y) for labels, int64 ``[N]``."""
        return self._network.prior.distribution(labels)

    @torch.inference_mode()
    def likelihood(self, latents: Tensor, labels: Tensor) -> Distribution:
        """p(x | z, y) for z ``[N, latent_dim]`` and labels, int64 ``[N]``."""
        logits = self._network.decoder.logits(self._network.code(latents, labels))
        return self._pixels.distribution(logits)

    def _encode(self, images: Tensor) -> Tensor:
        labels = self._network.recogniser(images).argmax(1)
        mean, _ = self._network.posterior(images, labels)
        return self._network.code(mean, labels)


class CVAE(Method):
    """Reconstruction and Kullback–Leibler divergence, both summed per image."""

    version = "2"
    Config = CVAEConfig
    config: CVAEConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """Networks, lengths and pixels of ``vae``."""
        return network_preset(preset, shape) | pixel_preset(shape)

    def fit(self, data: BenchmarkData, runtime: Runtime) -> CVAEModel:
        """Train on ``data.train``."""
        config = self.config
        with runtime.seeded("init"):
            network = CVAENetwork(data.shape, config)
        network.to(runtime.device)
        pixels = config.pixels().to(runtime.device)
        plan = config.plan(len(data.train))
        optimizer = _optimizer(network, plan.learning_rate, runtime.device)

        def forward(batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
            with runtime.autocast():
                mean, log_variance = network.posterior(batch.images, batch.labels)
                z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
                code = network.code(z, batch.labels)
                logits = network.decoder.logits(code)
                guesses = network.recogniser(batch.images).float()
            return mean, log_variance, logits, guesses

        def step(batch: Batch) -> Mapping[str, Tensor]:
            mean, log_variance, logits, guesses = forward(batch)
            reconstruction = pixels.negative_log_likelihood(logits, batch.images).mean()
            divergence = network.prior.divergence(mean, log_variance, batch.labels).mean()
            recognition = F.cross_entropy(guesses, batch.labels)
            gradient_step(optimizer, reconstruction + divergence + recognition)
            losses = {"reconstruction": reconstruction, "kl": divergence}
            return {name: value.detach() for name, value in losses.items()}

        stage = Stage(
            name="cvae",
            modules={"network": network},
            optimizers={"adam": optimizer},
            step=step,
            batch_size=plan.batch_size,
            total_images=plan.total_images,
            schedule=plan.schedule,
            forward=forward,
            stretch=constant,
        )
        train(stage, data.train, runtime)
        if config.prior == "class":
            _settle_prior(network, data.train)
        return CVAEModel(network, config.latent_dim, pixels)


def _optimizer(network: CVAENetwork, learning_rate: float, device: torch.device) -> Adam:
    """Adam, faster for the prior, whose means have a way to go that weights have not."""
    prior = list(network.prior.parameters())
    own = {id(parameter) for parameter in prior}
    others = [parameter for parameter in network.parameters() if id(parameter) not in own]
    optimizer = adam(others, learning_rate, device)
    optimizer.add_param_group({"params": prior, "lr": _PRIOR_RATE * learning_rate})
    return optimizer


@torch.inference_mode()
def _settle_prior(network: CVAENetwork, train: DeviceImages) -> None:
    """Bring the prior to its optimum for the encoder that training ended with."""
    means, log_variances = [], []
    step = max(1, len(train) // _PRIOR_IMAGES)
    chosen = train.subset(torch.arange(0, len(train), step, device=train.device))
    for images, labels in chosen.chunks(CHUNK):
        mean, log_variance = network.posterior(images, labels)
        means.append(mean)
        log_variances.append(log_variance)
    network.prior.fit(torch.cat(means), torch.cat(log_variances), chosen.labels)
