"""ReGene's networks and its two stages of training."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from regene_bench.api import (
    Batch,
    BenchmarkData,
    Clock,
    ImageShape,
    Runtime,
    Schedule,
    Stage,
    constant,
    decay_every,
    mae,
    saturation,
    ssim,
    warmup_then_cosine,
)
from regene_bench_plugins.methods.common.optim import adam, gradient_step
from regene_bench_plugins.methods.regene.classifier_losses import CLASSIFIER_LOSSES
from regene_bench_plugins.methods.regene.config import DENSENET, TIMM, ReGeneConfig, stage_at
from regene_bench_plugins.networks.convolutional import (
    ConvDecoder,
    ConvEncoder,
    VectorDecoder,
)
from regene_bench_plugins.networks.densenet_cifar import DenseNetEncoder
from regene_bench_plugins.networks.latent_classifier import LatentClassifier, LatentEncoder
from regene_bench_plugins.networks.perceptual import perceptual_distance, perceptual_network

Decoder = ConvDecoder | VectorDecoder


def build_networks(config: ReGeneConfig, shape: ImageShape) -> tuple[LatentClassifier, Decoder]:
    """Make the classifier and the decoder that inverts its latents, on the CPU.

    The convolutional encoder's latents are a feature map, which the decoder of the paper takes as
    it is; latents of other networks are vectors, which a linear layer turns into such a map.
    """
    encoder = _encoder(config, shape)
    classifier = LatentClassifier(encoder, shape.n_classes)
    description = config.decoder_description(shape)
    if isinstance(encoder, ConvEncoder):
        return classifier, ConvDecoder(shape, description, encoder.map_shape[0])
    return classifier, VectorDecoder(shape, description, encoder.latent_dim)


def _encoder(config: ReGeneConfig, shape: ImageShape) -> LatentEncoder:
    if config.encoder == DENSENET:
        return DenseNetEncoder(shape.channels)
    if not config.encoder.startswith(TIMM):
        return ConvEncoder(shape, config.encoder_description(shape))
    from regene_bench_plugins.networks.timm_encoder import TimmEncoder

    return TimmEncoder(config.encoder.removeprefix(TIMM), shape, config.encoder_weights)


def classifier_stage(
    config: ReGeneConfig,
    classifier: LatentClassifier,
    data: BenchmarkData,
    runtime: Runtime,
    n_train: int | None = None,
) -> Stage:
    """Section 3.1: the classifier, by the loss that the configuration names.

    Args:
        config: Loss, length and rate.
        classifier: Trained in place.
        data: Says how batches are augmented.
        runtime: Device and precision.
        n_train: How many images it is trained on; the whole training split if not given.
    """
    optimizer = adam(classifier.parameters(), config.classifier_learning_rate, runtime.device)
    loss_of = CLASSIFIER_LOSSES[config.classifier_loss]

    def forward(batch: Batch) -> Tensor:
        with runtime.autocast():
            logits: Tensor = classifier(batch.images)
        return logits

    def step(batch: Batch) -> Mapping[str, Tensor]:
        loss = loss_of(forward(batch).float(), batch.labels)
        gradient_step(optimizer, loss)
        return {config.classifier_loss: loss.detach()}

    return Stage(
        name="classifier",
        modules={"classifier": classifier},
        optimizers={"adam": optimizer},
        step=step,
        batch_size=config.classifier_batch_size,
        total_images=config.classifier_length(len(data.train) if n_train is None else n_train),
        schedule=warmup_then_cosine()
        if config.one_cycle
        else decay_every(config.classifier_decay_epochs, 0.99),
        augmentation=data.augmentation if config.augment else None,
        forward=forward,
        stretch=constant,
    )


def decoder_stage(
    config: ReGeneConfig,
    classifier: LatentClassifier,
    decoder: Decoder,
    data: BenchmarkData,
    runtime: Runtime,
    n_train: int | None = None,
) -> Stage:
    """Section 3.2: the decoder, on the latents of the frozen classifier.

    Equation 6: ``λ1 · MAE + λ2 · (1 − SSIM) + λ3 · perceptual``, with the weights of the stretch
    that training is in.

    Args:
        config: Losses, length and rates.
        classifier: Frozen.
        decoder: Trained in place.
        data: The benchmark's data.
        runtime: Device and precision.
        n_train: How many images it is trained on; the whole training split if not given.

    Raises:
        UnavailableError: The weights of the perceptual network are not on this machine.
    """
    stages, encoder = config.stages, classifier.encoder
    optimizer = adam(decoder.parameters(), stages[0].learning_rate, runtime.device)
    # Where no stretch looks through it, its weights need not be there.
    looks = any(stage.l3 > 0 for stage in stages)
    through = perceptual_network(config.perceptual, encoder, runtime.device) if looks else None

    def forward(batch: Batch) -> tuple[Tensor, list[Tensor]]:
        with runtime.autocast():
            with torch.no_grad():
                encoded = encoder.block_features(batch.images)
                latents = encoder.pooled(encoded[-1])
            return decoder.logits(latents), encoded

    def step(batch: Batch) -> Mapping[str, Tensor]:
        weights = stage_at(stages, batch.clock.progress)
        logits, encoded = forward(batch)
        images = torch.sigmoid(logits)
        error = mae(images, batch.images)
        loss = weights.l1 * error
        if config.saturation > 0:
            loss = loss + config.saturation * saturation(logits)
        if weights.l2 > 0:
            loss = loss + weights.l2 * (1 - ssim(images, batch.images))
        if weights.l3 > 0 and through is not None:
            with runtime.autocast():
                with torch.no_grad():
                    targets = through.targets(batch.images, encoded)
                found = through.maps(images)
            loss = loss + weights.l3 * perceptual_distance(found, targets)
        gradient_step(optimizer, loss)
        return {"mae": error.detach(), "loss": loss.detach()}

    return Stage(
        name="decoder",
        modules={"decoder": decoder},
        optimizers={"adam": optimizer},
        step=step,
        batch_size=config.decoder_batch_size,
        total_images=config.decoder_length(len(data.train) if n_train is None else n_train),
        schedule=_decoder_schedule(config),
        forward=forward,
        # weights that are 0 leave a term out
        stretch=lambda clock: stages.index(stage_at(stages, clock.progress)),
    )


def _decoder_schedule(config: ReGeneConfig) -> Schedule:
    stages = config.stages
    within: Schedule = warmup_then_cosine() if config.one_cycle else constant

    def factor(clock: Clock) -> float:
        rate = stage_at(stages, clock.progress).learning_rate
        return within(clock) * rate / stages[0].learning_rate

    return factor
