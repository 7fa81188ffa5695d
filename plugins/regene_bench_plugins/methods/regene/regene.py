"""ReGene: generate from a classifier's latents (Gopalakrishnan et al. 2022).

A classifier is trained first; a decoder then learns to invert its frozen latents. New images are
decoded convex combinations of latents of one class that pass a two-step judgement (section 6.2);
``sampler`` puts draws from a density of these latents in their place, which are judged alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from regene_bench.api import (
    BenchmarkData,
    Generation,
    ImageShape,
    Method,
    MethodError,
    Preset,
    Runtime,
    SampleRng,
    train,
)
from regene_bench_plugins.methods.common.inference import CHUNK, encode_split, in_padded_chunks
from regene_bench_plugins.methods.regene.candidates import UsedCombinations
from regene_bench_plugins.methods.regene.confidence_judge import (
    ConfidenceJudge,
    confidence_thresholds,
)
from regene_bench_plugins.methods.regene.config import ReGeneConfig
from regene_bench_plugins.methods.regene.convex import LatentPool, load_sampling_state
from regene_bench_plugins.methods.regene.encoder_decoder import LATENT_PARAMS
from regene_bench_plugins.methods.regene.latent_sampler import (
    LatentSampler,
    latents_needed,
    make_sampler,
    require_sampler,
)
from regene_bench_plugins.methods.regene.presets import regene_preset
from regene_bench_plugins.methods.regene.rejection_sampling import rejection_sample
from regene_bench_plugins.methods.regene.stage_images import (
    classifier_images,
    decoded_classes,
    decoder_images,
)
from regene_bench_plugins.methods.regene.training import (
    Decoder,
    build_networks,
    classifier_stage,
    decoder_stage,
)
from regene_bench_plugins.networks.latent_classifier import LatentClassifier


class ReGeneModel:
    """Encoder, classifier, decoder, and generator by rejection sampling of latents."""

    def __init__(
        self,
        classifier: LatentClassifier,
        decoder: Decoder,
        sampler: LatentSampler,
        judge: ConfidenceJudge,
        config: ReGeneConfig,
        runtime: Runtime,
        *,
        decodes: Sequence[int] | None = None,
    ) -> None:
        self._classifier = classifier
        self._decoder = decoder
        self._sampler = sampler
        self._judge = judge
        self._config = config
        self._runtime = runtime
        self._decodes = decodes
        self._used = UsedCombinations()

    @property
    def thresholds(self) -> Tensor:
        """Confidence that a generated image of each class must reach, float32 ``[K]``."""
        return self._judge.thresholds

    @torch.inference_mode()
    def encode(self, images: Tensor) -> Tensor:
        """Map images ``[N, C, H, W]`` to the classifier's latents, float32 ``[N, D]``."""
        return in_padded_chunks(self._classifier.encoder, images)

    @torch.inference_mode()
    def classify(self, images: Tensor) -> Tensor:
        """Map images ``[N, C, H, W]`` to logits, float32 ``[N, K]``."""
        return in_padded_chunks(self._classifier, images)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        """Map latents ``[N, D]`` to images, float32 ``[N, C, H, W]`` in [0, 1]."""
        return in_padded_chunks(self._decoder, latents)

    def sampling_state(self) -> Mapping[str, Tensor]:
        """What latents are drawn from and the thresholds, which are of the data."""
        return {**self._sampler.tensors(), "thresholds": self.thresholds}

    @torch.inference_mode()
    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        """Decode candidates that pass both judgements, with exact trial counts.

        Raises:
            MethodError: A class reached its threshold in none of ``max_trials`` candidates, or has
                fewer combinations than images are wanted of it; or the decoder has seen none of it.
            Interrupted: A stop was asked for between two rounds of judging.
        """

        self._refuse_undecoded(labels)

        def on_round(found: int, candidates: int) -> None:
            self._runtime.stop.check()
            judging = {"candidates": float(candidates)}
            self._runtime.progress("judging", found, len(labels), values=judging)

        accepted = rejection_sample(
            self._sampler.candidates(rng),
            labels,
            rng,
            self._judge,
            self._used,
            max_trials=self._config.max_trials,
            width=CHUNK,
            on_round=on_round,
        )
        trials = {"latent": accepted.latent_trials, "image": accepted.image_trials}
        return Generation(accepted.images, accepted.latents, trials)

    def _refuse_undecoded(self, labels: Tensor) -> None:
        wanted = set(torch.unique(labels).tolist())
        if self._decodes is None or not (unseen := sorted(wanted - set(self._decodes))):
            return
        names = ", ".join(repr(self._judge.name_of(label)) for label in unseen)
        raise MethodError(
            f"The decoder was trained on the classes that the protocol generates alone; {names} "
            "is none of them.",
            hint="Train with decoder_classes=all to generate every class.",
        )


class ReGene(Method):
    """Classifier, then decoder."""

    version = "3"
    Config = ReGeneConfig
    sampling_params = LATENT_PARAMS | {"threshold", "pool", "max_trials"}
    uses_held_out_for = "confidence thresholds"
    augmented_stages = ("classifier",)
    config: ReGeneConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: networks and schedules of appendix A."""
        return regene_preset(preset, shape)

    @classmethod
    def smoke(cls, shape: ImageShape) -> dict[str, Any]:
        """Many short steps for the classifier, which must find some combinations of each class.

        Images are not judged: after so little training, none convinces it.
        """
        steps = {"classifier_batch_size": 16, "classifier_learning_rate": 1e-2}
        return super().smoke(shape) | steps | {"threshold": "none"}

    def fit(self, data: BenchmarkData, runtime: Runtime) -> ReGeneModel:
        """Train both stages on ``data.train``; thresholds come from ``data.test``, as in the paper.

        Raises:
            MethodError: A class has too few training images to combine, or too few right ones where
                only these are combined.
            UnavailableError: Weights or a library that the configuration needs are not on this
                machine.
        """
        config = self.config
        require_sampler(config)
        with runtime.seeded("init"):
            classifier, decoder = build_networks(config, data.shape)
        classifier.to(runtime.device)
        decoder.to(runtime.device)
        seen, decoded = classifier_images(config, data, runtime), decoder_images(config, data)
        # made now, so that a perceptual network that is not there is missed before the training
        second = decoder_stage(config, classifier, decoder, data, runtime, len(decoded))
        first = classifier_stage(config, classifier, data, runtime, len(seen))
        report = train(first, seen, runtime)
        classifier.requires_grad_(False)

        kept = load_sampling_state(runtime)

        @cache
        def pool() -> LatentPool:
            if "latents" in kept:
                return LatentPool.from_tensors(kept)
            return self._pool(classifier, data, runtime)

        if not report.restored:
            # Found out before the decoder is trained: a class without latents ends the run anyway.
            # A classifier that was trained earlier has been through this, and whoever only wants
            # to encode or decode need not wait for the whole training split.
            pool()
        train(second, decoded, runtime)
        with torch.inference_mode():
            thresholds = (
                kept["thresholds"]
                if kept
                else confidence_thresholds(
                    config.threshold, classifier, data.test, data.class_names
                )
            )
        sampler = make_sampler(
            config,
            pool,
            classifier.encoder.latent_dim,
            data,
            runtime,
            kept=kept,
            seen={"pool": config.pool},
        )
        judge = ConfidenceJudge(classifier, classifier.head, decoder, thresholds, data.class_names)
        return ReGeneModel(
            classifier,
            decoder,
            sampler,
            judge,
            config,
            runtime,
            decodes=decoded_classes(config, data),
        )

    def _pool(
        self, classifier: LatentClassifier, data: BenchmarkData, runtime: Runtime
    ) -> LatentPool:
        """Latents of the training images: all, or those that the head gets right."""
        latents, labels = encode_split(classifier.encoder, data.train, runtime), data.train.labels
        what = "training images"
        if self.config.pool == "right":
            with torch.inference_mode():
                right = in_padded_chunks(classifier.head, latents, 4096).argmax(1) == labels
            latents, labels = latents[right], labels[right]
            what += " that the classifier gets right"
        pool = LatentPool.of(latents, labels, data.shape.n_classes)
        pool.require(
            latents_needed(self.config),
            data.class_names,
            what,
            grows_with_training=self.config.pool == "right",
        )
        return pool
