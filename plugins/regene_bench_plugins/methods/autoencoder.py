"""Plain autoencoder of the ReGene paper's case study (section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from regene_bench.api import (
    Batch,
    BenchmarkData,
    Generation,
    ImageShape,
    Method,
    Preset,
    Runtime,
    SampleRng,
    Stage,
    TrainingLength,
    constant,
    decay_every,
    mae,
    saturation,
    train,
    warmup_then_cosine,
)
from regene_bench_plugins.methods.common.image_kinds import is_colour, is_small
from regene_bench_plugins.methods.common.inference import encode_split, in_padded_chunks
from regene_bench_plugins.methods.common.optim import adam, gradient_step
from regene_bench_plugins.methods.regene.candidates import UsedCombinations, first_candidates
from regene_bench_plugins.methods.regene.convex import LatentPool, load_sampling_state
from regene_bench_plugins.methods.regene.encoder_decoder import (
    LATENT_PARAMS,
    EncoderDecoderConfig,
    encoder_decoder_preset,
)
from regene_bench_plugins.methods.regene.latent_sampler import (
    LatentSampler,
    latents_needed,
    make_sampler,
    require_sampler,
)
from regene_bench_plugins.methods.regene.presets import density_preset
from regene_bench_plugins.networks.convolutional import ConvDecoder, ConvEncoder


class AutoencoderConfig(EncoderDecoderConfig, TrainingLength):
    """An encoder and a decoder of ReGene's capacity, trained together.

    Attributes:
        batch_size: Images a step.
        learning_rate: Adam's; peak of the one-cycle schedule.
        one_cycle: Rise and fall of the rate; without it, ×0.99 every 20 epochs, as the paper has it
            for classifiers: of its autoencoder it prints the loss alone.
    """

    batch_size: int = Field(default=128, ge=2)
    learning_rate: float = Field(default=2e-3, gt=0)
    one_cycle: bool = True


class AutoencoderModel:
    """Encoder, decoder, and generator by latents of training images without judging."""

    def __init__(
        self,
        encoder: ConvEncoder,
        decoder: ConvDecoder,
        sampler: LatentSampler,
        class_names: tuple[str, ...],
    ) -> None:
        self._encoder = encoder
        self._decoder = decoder
        self._sampler = sampler
        self._names = class_names
        self._used = UsedCombinations()

    @torch.inference_mode()
    def encode(self, images: Tensor) -> Tensor:
        """Map images ``[N, C, H, W]`` to latents, float32 ``[N, D]``."""
        return in_padded_chunks(self._encoder, images)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        """Map latents ``[N, D]`` to images, float32 ``[N, C, H, W]`` in [0, 1]."""
        return in_padded_chunks(self._decoder, latents)

    def sampling_state(self) -> Mapping[str, Tensor]:
        """What latents are drawn from, which is of the data."""
        return self._sampler.tensors()

    @torch.inference_mode()
    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        """Decode a convex combination of latents, or a draw of their density, for each label.

        Raises:
            MethodError: More images are wanted of a class than it has combinations.
        """
        source = self._sampler.candidates(rng)
        latents = first_candidates(source, labels, rng, self._used, self._names)
        return Generation(self.decode(latents), latents)


class Autoencoder(Method):
    """Mean absolute error, encoder and decoder together, from scratch."""

    version = "3"
    Config = AutoencoderConfig
    sampling_params = LATENT_PARAMS
    config: AutoencoderConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """Widths of ``regene``, and about as many images as its two networks see."""
        values = encoder_decoder_preset(preset, shape) | density_preset(preset)
        if preset == "quick":
            images = 40_000 if is_small(shape) else 120_000 if is_colour(shape) else 60_000
            return values | {"images": images, "batch_size": 64}
        if preset == "standard":
            return values | {"images": 1_000_000}
        return values | {
            "epochs": 300,
            "batch_size": 512,
            "learning_rate": 1e-3,
            "one_cycle": False,
        }

    def fit(self, data: BenchmarkData, runtime: Runtime) -> AutoencoderModel:
        """Train on ``data.train_generated()``; latents to combine are computed after it.

        Raises:
            MethodError: A class has fewer training images than are combined.
            UnavailableError: A library that the configuration needs is not on this machine.
        """
        config, shape = self.config, data.shape
        require_sampler(config)
        with runtime.seeded("init"):
            encoder = ConvEncoder(shape, config.encoder_description(shape))
            decoder = ConvDecoder(shape, config.decoder_description(shape), encoder.map_shape[0])
        encoder.to(runtime.device)
        decoder.to(runtime.device)
        weights = [*encoder.parameters(), *decoder.parameters()]
        optimizer = adam(weights, config.learning_rate, runtime.device)

        def forward(batch: Batch) -> Tensor:
            with runtime.autocast():
                return decoder.logits(encoder(batch.images))

        def step(batch: Batch) -> Mapping[str, Tensor]:
            logits = forward(batch)
            error = mae(torch.sigmoid(logits), batch.images)
            loss = error
            if config.saturation > 0:
                loss = loss + config.saturation * saturation(logits)
            gradient_step(optimizer, loss)
            return {"mae": error.detach()}

        images = data.train_generated()
        stage = Stage(
            name="autoencoder",
            modules={"encoder": encoder, "decoder": decoder},
            optimizers={"adam": optimizer},
            step=step,
            batch_size=config.batch_size,
            total_images=config.total_images(len(images)),
            schedule=warmup_then_cosine() if config.one_cycle else decay_every(20, 0.99),
            forward=forward,
            stretch=constant,
        )
        report = train(stage, images, runtime)

        kept = load_sampling_state(runtime)

        @cache
        def pool() -> LatentPool:
            if "latents" in kept:
                return LatentPool.from_tensors(kept)
            return self._pool(encoder, data, runtime)

        if not report.restored:
            # As in ReGene: what was trained earlier has been through this check.
            pool()
        sampler = make_sampler(config, pool, encoder.latent_dim, data, runtime, kept=kept)
        return AutoencoderModel(encoder, decoder, sampler, data.class_names)

    def _pool(self, encoder: ConvEncoder, data: BenchmarkData, runtime: Runtime) -> LatentPool:
        latents = encode_split(encoder, data.train, runtime)
        pool = LatentPool.of(latents, data.train.labels, data.shape.n_classes)
        pool.require(latents_needed(self.config), data.class_names, "training images")
        return pool
