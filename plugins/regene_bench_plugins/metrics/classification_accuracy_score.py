"""Classification accuracy score: what a classifier learns from generated images alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from regene_bench.api import (
    BenchmarkData,
    Column,
    DeviceImages,
    Evaluation,
    Metric,
    Progress,
    Runtime,
    Score,
    Skipped,
    share,
)
from regene_bench_plugins.extractors.neutral_classifier import NeutralClassifier
from regene_bench_plugins.metrics.image_sets import joined, subset_per_class_like, without_copies

_DEPTH = 8
_BATCH = 64
_LEARNING_RATE = 0.1
_PASSES = 6
_LEAST_SEEN = 12_000
_LARGEST_SIDE = 32
_CHUNK = 512


class ClassificationAccuracyScore(Metric):
    """Train on generated images, test on real ones (Ravuri and Vinyals 2019).

    * ``cas``: accuracy on held-out real images of a classifier that was trained on this run's
      generated images and the labels that were asked for; overall and per class.
    * ``cas_augmented``: the same, trained on as many real training images in addition (the
      paper's naive augmentation score, at equal parts).
    * ``cas_real``: the same, trained on those real images alone: what the other two are read
      against. It is the same for all runs with the same labels, and kept on disk.

    The classifier is the neutral classifier's recipe made small, so that it can be trained for
    every run: a residual network of 8 layers in steps of 64 images, with images over 32 pixels a
    side reduced to that. All three see the same number of images: 6 passes over the generated
    ones, at least 12,000. The paper trains ResNet-56 on as many images as the training split has,
    so that its numbers are higher.

    Test images that are among the generated ones are left out: a classifier that was trained on
    them tells nothing by knowing them. Where none are left, as for the method ``real`` on a
    protocol that uses the whole test split up, there is no score.

    Accuracy grows with the number of generated images, so compare at equal numbers only; the
    ``std`` is the binomial error of the test and does not hold the chance of the training.
    """

    requires: ClassVar[tuple[str, ...]] = ("generate", "labels")
    columns = (
        Column("cas", "higher", summary="test accuracy of a classifier of generated images"),
        Column("cas_augmented", "higher", summary="the same with as many real images in addition"),
        Column("cas_real", "none", summary="the same with those real images alone"),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score | Skipped]:
        generated, runtime = evaluation.generated, evaluation.runtime
        test = without_copies(evaluation.real("test"), generated)
        if reason := _why_not(generated, test):
            yield from (Skipped(column.name, reason) for column in self.columns)
            return
        real = subset_per_class_like(
            generated.labels, evaluation.data.train, evaluation.data.fingerprint
        )
        for column, training, what in (
            ("cas", generated, f"{len(generated)} generated"),
            (
                "cas_augmented",
                joined(real, generated),
                f"{len(real)} real and {len(generated)} generated",
            ),
            ("cas_real", real, f"{len(real)} real"),
        ):
            seen = max(_LEAST_SEEN, _PASSES * len(generated))
            name = f"{evaluation.data.name} from {what} images"
            right = correct_after_training_on(
                training, test, replace(evaluation.data, name=name), seen, runtime
            )
            yield _score(column, right, test, generated, f"trained on {what} images")
            if column == "cas":
                for label, class_name in enumerate(evaluation.data.class_names):
                    of_class = test.of_class(label)
                    if len(of_class):
                        part = test.subset(of_class)
                        yield _score(column, right[of_class], part, generated, "", class_name)


def _why_not(generated: DeviceImages, test: DeviceImages) -> str:
    if len(torch.unique(generated.labels)) < 2:
        return "a classifier cannot learn from images of one class"
    return "" if len(test) else "every test image is among the generated ones"


def correct_after_training_on(
    training: DeviceImages, test: DeviceImages, about: BenchmarkData, seen: int, runtime: Runtime
) -> Tensor:
    """Train the small classifier on some images and judge others by it.

    Args:
        training: Images and labels that it learns from.
        test: Images that it is asked about.
        about: Names, classes and augmentation of the data.
        seen: Training images that it sees, repetitions counted.
        runtime: Device, seed, progress; a classifier of the same images is read from the disk.

    Returns:
        Whether it is right about each test image, bool ``[T]``.
    """
    small_training, small_test = _reduced(training), _reduced(test)
    height, width = small_test.images.shape[2:]
    data = replace(
        about,
        fingerprint=_fingerprint(small_training),
        shape=replace(about.shape, height=height, width=width),
        train=small_training,
        test=small_test,
    )
    return _correct(data, seen, runtime)


def _correct(data: BenchmarkData, seen: int, runtime: Runtime) -> Tensor:
    classifier = NeutralClassifier(
        {
            "epochs": seen / len(data.train),
            "depth": _DEPTH,
            "batch_size": _BATCH,
            "learning_rate": _LEARNING_RATE,
        }
    )
    # What the neutral classifier tells of itself is this metric's score; progress is still shown.
    quiet = replace(
        runtime, emit=lambda event: runtime.emit(event) if isinstance(event, Progress) else None
    )
    classifier.prepare(data, quiet)
    parts = []
    with torch.inference_mode():
        for start in range(0, len(data.test), _CHUNK):
            runtime.stop.check()
            logits = classifier.extract(data.test.images[start : start + _CHUNK]).logits
            assert logits is not None
            parts.append(logits.argmax(dim=1) == data.test.labels[start : start + _CHUNK])
    return torch.cat(parts)


def _score(
    column: str,
    right: Tensor,
    test: DeviceImages,
    generated: DeviceImages,
    note: str,
    class_name: str | None = None,
) -> Score:
    found = share(right)
    return Score(
        column,
        found.value,
        std=found.standard_error,
        class_name=class_name,
        n_real=len(test),
        n_generated=len(generated),
        reference_split="test",
        note=note,
    )


def _reduced(images: DeviceImages) -> DeviceImages:
    """Images of at most 32 pixels a side, in their proportions."""
    height, width = images.images.shape[2:]
    longest = max(height, width)
    if longest <= _LARGEST_SIDE:
        return images
    size = [max(1, round(side * _LARGEST_SIDE / longest)) for side in (height, width)]
    parts = []
    for part in torch.split(images.images, _CHUNK):
        small = F.interpolate(part.float(), size, mode="bilinear", antialias=True)
        parts.append(small.round().clamp(0, 255).to(torch.uint8))
    return DeviceImages(torch.cat(parts), images.labels)


def _fingerprint(images: DeviceImages) -> str:
    digest = hashlib.sha256(str(tuple(images.images.shape)).encode())
    for part in (*torch.split(images.images, 4096), images.labels):
        digest.update(part.contiguous().cpu().numpy().tobytes())
    return digest.hexdigest()
