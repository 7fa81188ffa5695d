"""ReGene: generate from a classifier's latents (Gopalakrishnan et al. 2022).

A classifier is trained first; a decoder then learns to invert its frozen latents. New images are
decoded convex combinations of latents of one class that pass a two-step judgement (section 6.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from regene_bench.api import (
    Batch,
    BenchmarkData,
    Generation,
    ImageShape,
    Method,
    Preset,
    Runtime,
    SampleRng,
    Schedule,
    Stage,
    constant,
    decay_every,
    images_to_see,
    mae,
    one_cycle,
    saturation,
    ssim,
    train,
)
from regene_bench_plugins.methods.convex import LatentPool, combine_judged
from regene_bench_plugins.methods.inference import CHUNK, encode_split, in_chunks
from regene_bench_plugins.methods.judging import ConfidenceJudge, mean_test_confidence
from regene_bench_plugins.methods.optim import adam, descend
from regene_bench_plugins.methods.pair import SATURATION, PairConfig, pair_preset
from regene_bench_plugins.methods.presets import is_colour, is_small
from regene_bench_plugins.networks.convolutional import ConvClassifier, ConvDecoder


class ReGeneConfig(PairConfig):
    """Two networks, two stages, and the judging.

    Attributes:
        classifier_images: Training images the classifier sees, repetitions counted.
        classifier_epochs: The same in passes; wins where both are given.
        classifier_batch_size: Images a step.
        classifier_learning_rate: Adam's; peak of the one-cycle schedule.
        decoder_images: As above, for the decoder.
        decoder_epochs: As above.
        decoder_batch_size: As above.
        decoder_learning_rate: As above.
        one_cycle: Rise and fall of both rates; without it, the paper's ×0.99 every 20 epochs for
            the classifier and a constant rate for the decoder.
        l1: Weight of the mean absolute error (the paper's λ1).
        l2: Weight of 1 − SSIM (the paper's λ2).
        l3: Weight of the perceptual loss (the paper's λ3): mean absolute difference of the feature
            maps of a trained network, averaged over its blocks. The network is the run's own frozen
            classifier, where the paper's experiments took the first layer of InceptionV3.
        max_trials: Candidates for one image before generation gives up.
    """

    classifier_images: int = Field(default=1_000_000, ge=1)
    classifier_epochs: float | None = Field(default=None, gt=0)
    classifier_batch_size: int = Field(default=128, ge=2)
    classifier_learning_rate: float = Field(default=2e-3, gt=0)
    decoder_images: int = Field(default=1_000_000, ge=1)
    decoder_epochs: float | None = Field(default=None, gt=0)
    decoder_batch_size: int = Field(default=128, ge=2)
    decoder_learning_rate: float = Field(default=2e-3, gt=0)
    one_cycle: bool = True
    l1: float = Field(default=1.0, ge=0)
    l2: float = Field(default=0.0, ge=0)
    l3: float = Field(default=0.0, ge=0)
    max_trials: int = Field(default=1000, ge=1)


class ReGeneModel:
    """Encoder, classifier, decoder, and generator by judged convex combinations."""

    def __init__(
        self,
        classifier: ConvClassifier,
        decoder: ConvDecoder,
        pool: LatentPool,
        judge: ConfidenceJudge,
        config: ReGeneConfig,
    ) -> None:
        self._classifier = classifier
        self._decoder = decoder
        self._pool = pool
        self._judge = judge
        self._config = config

    @property
    def thresholds(self) -> Tensor:
        """Confidence that a generated image of each class must reach, float32 ``[K]``."""
        return self._judge.thresholds

    @torch.inference_mode()
    def encode(self, images: Tensor) -> Tensor:
        """Map images ``[N, C, H, W]`` to the classifier's latents, float32 ``[N, D]``."""
        return in_chunks(self._classifier.encoder, images)

    @torch.inference_mode()
    def classify(self, images: Tensor) -> Tensor:
        """Map images ``[N, C, H, W]`` to logits, float32 ``[N, K]``."""
        return in_chunks(self._classifier, images)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        """Map latents ``[N, D]`` to images, float32 ``[N, C, H, W]`` in [0, 1]."""
        return in_chunks(self._decoder, latents)

    @torch.inference_mode()
    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        """Decode judged convex combinations, with exact trial counts.

        Raises:
            MethodError: A class reached its threshold in none of ``max_trials`` candidates.
        """
        judged = combine_judged(
            self._pool,
            labels,
            self._config.n_combined,
            rng,
            self._judge,
            max_trials=self._config.max_trials,
            width=CHUNK,
        )
        trials = {"latent": judged.latent_trials, "image": judged.image_trials}
        return Generation(judged.images, judged.latents, trials)


class ReGene(Method):
    """Classifier, then decoder."""

    Config = ReGeneConfig
    config: ReGeneConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: widths and schedules of appendix A with one set of loss weights."""
        values = pair_preset(preset, shape)
        colour = is_colour(shape)
        if preset == "quick":
            small = is_small(shape)
            # Without a perceptual loss, a blurred truck is a cat to the classifier, and few
            # combinations in colour reach their threshold.
            return values | {
                "classifier_images": 20_000 if small else 110_000 if colour else 60_000,
                "classifier_batch_size": 64,
                "decoder_images": 40_000 if small else 50_000 if colour else 60_000,
                "decoder_batch_size": 64,
                "l2": 0.2 if colour else 0.0,
                "l3": 0.1 if colour else 0.0,
            }
        if preset == "standard":
            return values | {
                "classifier_images": 1_000_000,
                "decoder_images": 1_000_000,
                "l2": 0.2 if colour else 0.1,
                "l3": 0.1 if colour else 0.0,
            }
        return values | {
            "classifier_epochs": 100 if colour else 50,
            "classifier_batch_size": 512,
            "classifier_learning_rate": 5e-3,
            "decoder_epochs": 300,
            "decoder_batch_size": 512,
            "decoder_learning_rate": 1e-3,
            "one_cycle": False,
            "l2": 1.0,
            "l3": 1.0 if colour else 0.0,
        }

    def fit(self, data: BenchmarkData, runtime: Runtime) -> ReGeneModel:
        """Train both stages on ``data.train``; thresholds come from ``data.test``, as in the paper.

        Raises:
            MethodError: The classifier gets too few training images of a class right.
        """
        config, shape = self.config, data.shape
        with runtime.seeded("init"):
            classifier = ConvClassifier(shape, config.encoder_description(shape))
            channels = classifier.encoder.map_shape[0]
            decoder = ConvDecoder(shape, config.decoder_description(shape), channels)
        classifier.to(runtime.device)
        decoder.to(runtime.device)
        train(self._classifier_stage(classifier, data, runtime), data.train, runtime)
        classifier.requires_grad_(False)
        train(self._decoder_stage(classifier, decoder, data, runtime), data.train, runtime)
        with torch.inference_mode():
            pool = self._pool(classifier, data, runtime)
            thresholds = mean_test_confidence(classifier, data.test, data.class_names)
        judge = ConfidenceJudge(classifier, classifier.head, decoder, thresholds, data.class_names)
        return ReGeneModel(classifier, decoder, pool, judge, config)

    def _classifier_stage(
        self, classifier: ConvClassifier, data: BenchmarkData, runtime: Runtime
    ) -> Stage:
        config = self.config
        optimizer = adam(classifier.parameters(), config.classifier_learning_rate, runtime.device)

        def step(batch: Batch) -> Mapping[str, Tensor]:
            with runtime.autocast():
                logits = classifier(batch.images)
            loss = F.cross_entropy(logits.float(), batch.labels)
            descend(optimizer, loss)
            return {"cross_entropy": loss.detach()}

        return Stage(
            name="classifier",
            modules={"classifier": classifier},
            optimizers={"adam": optimizer},
            step=step,
            batch_size=config.classifier_batch_size,
            total_images=images_to_see(
                config.classifier_images, config.classifier_epochs, len(data.train)
            ),
            schedule=self._schedule(decay_every(20, 0.99)),
            augmentation=data.augmentation,
        )

    def _decoder_stage(
        self,
        classifier: ConvClassifier,
        decoder: ConvDecoder,
        data: BenchmarkData,
        runtime: Runtime,
    ) -> Stage:
        config = self.config
        optimizer = adam(decoder.parameters(), config.decoder_learning_rate, runtime.device)

        def step(batch: Batch) -> Mapping[str, Tensor]:
            with runtime.autocast():
                with torch.no_grad():
                    features = classifier.encoder.block_features(batch.images)
                logits = decoder.logits(features[-1].flatten(1))
            images = torch.sigmoid(logits)
            error = mae(images, batch.images)
            losses = {"mae": error.detach()}
            loss = config.l1 * error + SATURATION * saturation(logits)
            if config.l2 > 0:
                similarity = ssim(images, batch.images)
                losses["ssim"] = similarity.detach()
                loss = loss + config.l2 * (1 - similarity)
            if config.l3 > 0:
                with runtime.autocast():
                    found = classifier.encoder.block_features(images)
                pairs = zip(found, features, strict=True)
                perceptual = torch.stack([mae(*pair) for pair in pairs]).mean()
                losses["perceptual"] = perceptual.detach()
                loss = loss + config.l3 * perceptual
            descend(optimizer, loss)
            return losses

        return Stage(
            name="decoder",
            modules={"decoder": decoder},
            optimizers={"adam": optimizer},
            step=step,
            batch_size=config.decoder_batch_size,
            total_images=images_to_see(
                config.decoder_images, config.decoder_epochs, len(data.train)
            ),
            schedule=self._schedule(constant),
        )

    def _schedule(self, otherwise: Schedule) -> Schedule:
        return one_cycle() if self.config.one_cycle else otherwise

    def _pool(
        self, classifier: ConvClassifier, data: BenchmarkData, runtime: Runtime
    ) -> LatentPool:
        """Latents of the training images that the head gets right."""
        latents = encode_split(classifier.encoder, data.train, runtime)
        right = in_chunks(classifier.head, latents, 4096).argmax(1) == data.train.labels
        pool = LatentPool.of(latents[right], data.train.labels[right], data.shape.n_classes)
        what = "training images that the classifier gets right"
        pool.require(self.config.n_combined, data.class_names, what)
        return pool
