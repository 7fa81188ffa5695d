"""VQ-VAE with a class-conditional prior over its codes (van den Oord et al. 2017).

``paper`` has the paper's channels, codes, steps, batches and one constant rate of the autoencoder.
Departures: a causal transformer in the place of the PixelCNN, with a rate that rises and falls
once; a codebook by moving averages (the paper's appendix A.1), whose unused codes are revived; the
squared error over the variance of the pixels.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field, model_validator
from torch import Tensor

from regene_bench.api import (
    BenchmarkData,
    Generation,
    ImageShape,
    Method,
    Preset,
    Runtime,
    SampleRng,
    TrainingLength,
    constant,
    images_to_see,
    warmup_then_cosine,
)
from regene_bench_plugins.methods.common.image_kinds import is_colour, is_small
from regene_bench_plugins.methods.common.inference import in_padded_chunks
from regene_bench_plugins.methods.vae.vq_networks import LARGEST_MAP, halvings_for
from regene_bench_plugins.methods.vae.vq_prior import CodePrior
from regene_bench_plugins.methods.vae.vq_training import (
    QuantisingAutoencoder,
    code_maps,
    train_autoencoder,
    train_prior,
)

# Of small images, which a map of 8×8 codes would hardly shrink.
_SMALL_MAP = 4


class VQVAEConfig(TrainingLength):
    """Networks, codebook and two stages; ``images`` and ``epochs`` are the autoencoder's.

    Attributes:
        n_codes: Vectors in the codebook (the paper's K).
        code_dim: Their length.
        beta: Weight of the commitment (the paper's β).
        decay: Of the codebook's moving averages (the paper's γ).
        width: Channels of encoder and decoder on the map of codes.
        halvings: How often the image's sides are halved; ``None`` for as many as bring the longer
            side to 8 or less.
        batch_size: Images a step.
        learning_rate: Adam's; its peak with ``one_cycle``.
        one_cycle: Whether the autoencoder's rate rises and falls once; otherwise it is constant.
        prior_width: Length of a position's vector in the prior.
        prior_layers: Its blocks.
        prior_heads: Its heads of attention; divides ``prior_width``.
        prior_dropout: In each of its blocks.
        prior_images: Maps that it sees, repetitions counted.
        prior_epochs: The same in passes; wins where both are given.
        prior_batch_size: Maps a step.
        prior_learning_rate: Adam's, peak of a rate that rises and falls once.
    """

    n_codes: int = Field(default=512, ge=2, le=65536)
    code_dim: int = Field(default=64, ge=1, le=4096)
    beta: float = Field(default=0.25, ge=0)
    decay: float = Field(default=0.99, ge=0, lt=1)
    width: int = Field(default=128, ge=1, le=4096)
    halvings: int | None = Field(default=None, ge=1, le=10)
    batch_size: int = Field(default=128, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    one_cycle: bool = True
    prior_width: int = Field(default=256, ge=1, le=4096)
    prior_layers: int = Field(default=6, ge=1, le=64)
    prior_heads: int = Field(default=4, ge=1, le=64)
    prior_dropout: float = Field(default=0.1, ge=0, lt=1)
    prior_images: int = Field(default=2_000_000, ge=1)
    prior_epochs: float | None = Field(default=None, gt=0)
    prior_batch_size: int = Field(default=128, ge=1)
    prior_learning_rate: float = Field(default=1e-3, gt=0)

    @model_validator(mode="after")
    def _heads_divide(self) -> VQVAEConfig:
        if self.prior_width % self.prior_heads:
            raise ValueError("prior_heads must divide prior_width")
        return self


class VQVAEModel:
    """Encoder to vectors of the codebook, decoder, and generator from the prior.

    Latents are the codes' vectors, position after position: ``[N, P · D]``.
    """

    def __init__(self, network: QuantisingAutoencoder, prior: CodePrior) -> None:
        self._network = network
        self._prior = prior

    @property
    def n_codes(self) -> int:
        """Size of the codebook."""
        return self._prior.n_codes

    @torch.inference_mode()
    def codes(self, images: Tensor) -> Tensor:
        """Map images ``[N, C, H, W]`` to codes in raster order, int64 ``[N, P]``."""
        return in_padded_chunks(self._network.codes, images)

    @torch.inference_mode()
    def encode(self, images: Tensor) -> Tensor:
        """Map images ``[N, C, H, W]`` to their codes' vectors, float32 ``[N, P · D]``."""
        return self._vectors(self.codes(images))

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        """Map vectors ``[N, P · D]``, of the codebook or not, to images in [0, 1]."""
        return in_padded_chunks(lambda rows: self._network.pixels(rows).clamp(0, 1), latents)

    @torch.inference_mode()
    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        """Decode maps drawn code by code from the prior of each label, int64 ``[N]``."""
        noise = rng.uniform(len(labels), (self._prior.positions,)).to(labels.device)
        # The label travels as a last column, which is exact below 2^24 classes.
        rows = torch.cat([noise, labels.unsqueeze(1).to(noise.dtype)], dim=1)
        codes = in_padded_chunks(
            lambda part: self._prior.draw(part[:, -1].long(), part[:, :-1]), rows
        )
        latents = self._vectors(codes)
        return Generation(self.decode(latents), latents)

    def _vectors(self, codes: Tensor) -> Tensor:
        vectors: Tensor = self._network.codebook(codes)
        return vectors.flatten(1)


class VQVAE(Method):
    """Discrete codes on a small map, and an autoregressive prior over them."""

    version = "3"
    Config = VQVAEConfig
    config: VQVAEConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: 256 channels, 512 codes, 250,000 steps of 128 at 2e-4; the prior as many.

        ``quick`` has a map of up to 8×8 codes, not of 4×4, although its prior sees fewer maps in
        the same time: 16 codes of 128 say too little of an image.
        """
        colour, small = is_colour(shape), is_small(shape)
        if preset == "quick":
            largest = _SMALL_MAP if small else LARGEST_MAP
            return {
                "images": 30_000 if small else 60_000,
                "n_codes": 64 if small else 256 if colour else 128,
                "code_dim": 16 if small else 32,
                "width": 32 if small else 64,
                "halvings": halvings_for(shape.height, shape.width, largest),
                "batch_size": 64,
                "prior_width": 64,
                "prior_layers": 2,
                "prior_dropout": 0.0,
                "prior_images": 60_000,
                "prior_batch_size": 64,
                "prior_learning_rate": 4e-3,
            }
        if preset == "standard":
            return {
                "images": 1_000_000,
                "n_codes": 512 if colour else 256,
                "prior_images": 3_000_000,
            }
        return {
            "images": 32_000_000,
            "n_codes": 512,
            "width": 256,
            "learning_rate": 2e-4,
            "one_cycle": False,
            "prior_images": 32_000_000,
            "prior_width": 512,
            "prior_layers": 12,
            "prior_heads": 8,
            "prior_learning_rate": 3e-4,
        }

    def fit(self, data: BenchmarkData, runtime: Runtime) -> VQVAEModel:
        """Train the autoencoder on ``data.train``, then the prior on the codes of that."""
        config, shape, n_train = self.config, data.shape, len(data.train)
        halvings = config.halvings or halvings_for(shape.height, shape.width)
        with runtime.seeded("init"):
            network = QuantisingAutoencoder(
                shape,
                width=config.width,
                n_codes=config.n_codes,
                code_dim=config.code_dim,
                decay=config.decay,
                halvings=halvings,
            ).to(runtime.device)
            prior = CodePrior(
                config.n_codes,
                shape.n_classes,
                network.map_size,
                width=config.prior_width,
                layers=config.prior_layers,
                heads=config.prior_heads,
                dropout=config.prior_dropout,
            ).to(runtime.device)
        train_autoencoder(
            network,
            data.train,
            runtime,
            beta=config.beta,
            learning_rate=config.learning_rate,
            batch_size=config.batch_size,
            total_images=config.total_images(n_train),
            schedule=warmup_then_cosine() if config.one_cycle else constant,
        )
        train_prior(
            prior,
            code_maps(network, data.train),
            runtime,
            learning_rate=config.prior_learning_rate,
            batch_size=config.prior_batch_size,
            total_images=images_to_see(config.prior_images, config.prior_epochs, n_train),
        )
        return VQVAEModel(network, prior)
