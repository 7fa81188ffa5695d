"""What can be set of ReGene."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from regene_bench.api import MethodConfig, images_to_see
from regene_bench_plugins.methods.regene.classifier_losses import ClassifierLoss
from regene_bench_plugins.methods.regene.encoder_decoder import EncoderDecoderConfig
from regene_bench_plugins.networks.perceptual import PerceptualName

TIMM = "timm:"
DENSENET = "densenet100"
Threshold = Literal["class_mean", "none"] | Annotated[float, Field(ge=0, le=1)]


class DecoderStage(MethodConfig):
    """A stretch of the decoder's training with weights and a learning rate of its own.

    Attributes:
        epochs: Passes over the training split.
        l1: Weight of the mean absolute error (the paper's λ1).
        l2: Weight of 1 − SSIM (the paper's λ2).
        l3: Weight of the perceptual loss (the paper's λ3).
        learning_rate: Adam's.
    """

    epochs: float = Field(gt=0)
    l1: float = Field(default=1.0, ge=0)
    l2: float = Field(default=0.0, ge=0)
    l3: float = Field(default=0.0, ge=0)
    learning_rate: float = Field(gt=0)


class ReGeneConfig(EncoderDecoderConfig):
    """Two networks, two stages, and the judging.

    Attributes:
        encoder: ``conv`` for the paper's network; ``densenet100`` for DenseNet-BC of 100 layers and
            growth 12 in its form for CIFAR, or ``timm:NAME`` for any of timm's, whose pooled
            features are the latents then.
        encoder_weights: A safetensors file of the weights that timm's network begins with; random
            ones if empty.
        classifier_loss: ``cross_entropy``, ``hinge``, ``cosine`` or ``mse``.
        classifier_images: Training images the classifier sees, repetitions counted.
        classifier_epochs: The same in passes; wins where both are given.
        classifier_per_class: Train the classifier on at most so many images of each class, drawn by
            the seed; ``None`` for all.
        classifier_batch_size: Images a step.
        classifier_learning_rate: Adam's; peak of the one-cycle schedule.
        classifier_decay_epochs: Without the one-cycle schedule, the rate falls to 0.99 of itself
            after each of so many passes.
        augment: Augment the classifier's batches as the protocol says.
        decoder_images: As above, for the decoder.
        decoder_epochs: As above.
        decoder_classes: Train the decoder on the classes that the protocol has ``generated``, or on
            ``all``. They differ where some classes are only what the classifier tells others from.
        decoder_batch_size: As above.
        decoder_learning_rate: As above; constant without the one-cycle schedule.
        decoder_stages: Stretches of the decoder's training, in place of ``decoder_images``,
            ``decoder_learning_rate``, ``l1``, ``l2`` and ``l3``. If ``decoder_epochs`` is given,
            all are stretched alike to last so long together.
        one_cycle: Rise and fall of both rates.
        l1: Weight of the mean absolute error (the paper's λ1).
        l2: Weight of 1 − SSIM (the paper's λ2).
        l3: Weight of the perceptual loss (the paper's λ3): the mean absolute difference of feature
            maps. The paper does not print whether it is that or the squared one.
        perceptual: The network of that loss: ``efficientnet_lite0`` (its embedded stem),
            ``inception`` (the first convolution of the 2015 Inception network), ``vgg16`` (that of
            VGG-16, ``block1_conv1``: what the paper can have meant) or ``classifier`` (the run's
            own, frozen).
        threshold: Confidence that the classifier must have in a decoded image: ``class_mean`` for
            the class's mean over held-out images, a number in [0, 1], or ``none``.
        pool: Latents that are combined: of ``all`` training images of a class, as in the paper, or
            of those that the classifier gets ``right``, whose means are right by lemma 1, so that
            latents need no judging.
        max_trials: Candidates for one image before generation gives up.
    """

    encoder: str = "conv"
    encoder_weights: str = ""
    classifier_loss: ClassifierLoss = "cross_entropy"
    classifier_images: int = Field(default=1_000_000, ge=1)
    classifier_epochs: float | None = Field(default=None, gt=0)
    classifier_per_class: int | None = Field(default=None, ge=1)
    classifier_batch_size: int = Field(default=128, ge=2)
    classifier_learning_rate: float = Field(default=2e-3, gt=0)
    classifier_decay_epochs: float = Field(default=20.0, gt=0)
    augment: bool = True
    decoder_images: int = Field(default=1_000_000, ge=1)
    decoder_epochs: float | None = Field(default=None, gt=0)
    decoder_classes: Literal["generated", "all"] = "generated"
    decoder_batch_size: int = Field(default=128, ge=2)
    decoder_learning_rate: float = Field(default=2e-3, gt=0)
    decoder_stages: tuple[DecoderStage, ...] = ()
    one_cycle: bool = True
    l1: float = Field(default=1.0, ge=0)
    l2: float = Field(default=0.0, ge=0)
    l3: float = Field(default=0.0, ge=0)
    perceptual: PerceptualName = "efficientnet_lite0"
    threshold: Threshold = "class_mean"
    pool: Literal["all", "right"] = "all"
    max_trials: int = Field(default=10_000, ge=1)

    @field_validator("encoder")
    @classmethod
    def _is_known(cls, encoder: str) -> str:
        if encoder.startswith(TIMM):
            from regene_bench_plugins.backbones.timm_weights import check_model

            check_model(encoder.removeprefix(TIMM))
        elif encoder not in ("conv", DENSENET):
            raise ValueError(f"an encoder is 'conv', '{DENSENET}' or 'timm:NAME'")
        return encoder

    @property
    def stages(self) -> tuple[DecoderStage, ...]:
        """The decoder's stretches; a single one where none are given."""
        one = DecoderStage(
            epochs=1, l1=self.l1, l2=self.l2, l3=self.l3, learning_rate=self.decoder_learning_rate
        )
        return self.decoder_stages or (one,)

    def classifier_length(self, n_train: int) -> int:
        """Images that the classifier sees, trained on ``n_train`` different ones."""
        return images_to_see(self.classifier_images, self.classifier_epochs, n_train)

    def decoder_length(self, n_train: int) -> int:
        """Images that the decoder sees, trained on ``n_train`` different ones."""
        stated = sum(stage.epochs for stage in self.decoder_stages) or None
        return images_to_see(self.decoder_images, self.decoder_epochs or stated, n_train)


def stage_at(stages: tuple[DecoderStage, ...], progress: float) -> DecoderStage:
    """The stretch that training is in.

    Args:
        stages: At least one, each a share of the training in proportion to its epochs.
        progress: Share of the training that is done, in [0, 1].
    """
    total = sum(stage.epochs for stage in stages)
    done = 0.0
    for stage in stages:
        done += stage.epochs
        # A boundary such as 2/3 of the steps must not fall to rounding.
        if progress * total < done * (1 - 1e-12):
            return stage
    return stages[-1]
