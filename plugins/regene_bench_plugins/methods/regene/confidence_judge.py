"""ReGene's two-step judgement by its own classifier (section 6.2), and its thresholds.

Step 1 looks at a combined latent: the classifier's head must put it in the wanted class. Step 2
looks at the decoded image: classified again, its confidence in the class must reach a threshold.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from regene_bench.api import DeviceImages, MethodError
from regene_bench_plugins.methods.common.inference import CHUNK, in_padded_chunks
from regene_bench_plugins.methods.regene.config import Threshold


class ConfidenceJudge:
    """Accepts a latent by the head's decision and an image by its confidence.

    Args:
        classify: Network from images to logits, in evaluation mode.
        head: Its linear head, from latents to logits.
        decode: Network from latents to images, in evaluation mode.
        thresholds: float32 ``[K]``, the confidence an image of each class must reach.
        class_names: Names in label order.
    """

    def __init__(
        self,
        classify: nn.Module,
        head: nn.Module,
        decode: nn.Module,
        thresholds: Tensor,
        class_names: Sequence[str],
    ) -> None:
        self._classify = classify
        self._head = head
        self._decode = decode
        self.thresholds = thresholds
        self._names = class_names

    def accepts_latents(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Step 1: the head's most likely class is the wanted one, bool ``[N]``."""
        return in_padded_chunks(self._head, latents).argmax(1) == labels

    def accepts_images(self, latents: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Step 2: decode, classify the image again, and compare its confidence.

        Returns:
            bool ``[N]`` and the decoded images, float32 ``[N, C, H, W]`` in [0, 1].
        """
        images = in_padded_chunks(self._decode, latents)
        confidences = class_confidence(self._classify, images, labels)
        return confidences >= self.thresholds[labels], images

    def name_of(self, label: int) -> str:
        """The name of a class."""
        return self._names[label]

    def describe(self, label: int) -> str:
        """Name the class and its threshold."""
        return f"class {self.name_of(label)!r} (confidence at least {self.thresholds[label]:.4f})"


def confidence_thresholds(
    threshold: Threshold, classify: nn.Module, test: DeviceImages, class_names: Sequence[str]
) -> Tensor:
    """What the confidence in an image of each class must reach, float32 ``[K]``.

    Args:
        threshold: ``class_mean`` for the mean over the class's held-out images (the paper's), a
            number for all classes, ``none`` for 0, which everything reaches.
        classify: Network from images to logits, in evaluation mode.
        test: Held-out images.
        class_names: Names in label order.

    Raises:
        MethodError: The means are wanted, and a class has no held-out image.
    """
    if threshold == "class_mean":
        return mean_test_confidence(classify, test, class_names)
    value = 0.0 if threshold == "none" else threshold
    return torch.full((len(class_names),), value, device=test.device)


def class_confidence(classify: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Softmax confidence of each image's own label, float32 ``[N]``."""
    probabilities = in_padded_chunks(classify, images).float().softmax(1)
    return probabilities.gather(1, labels[:, None]).squeeze(1)


def mean_test_confidence(
    classify: nn.Module, test: DeviceImages, class_names: Sequence[str]
) -> Tensor:
    """Mean confidence of each class over its held-out images, right or wrong, float32 ``[K]``.

    Raises:
        MethodError: A class has no held-out image.
    """
    parts = [class_confidence(classify, *chunk) for chunk in test.chunks(CHUNK)]
    confidences = torch.cat(parts).double()
    n_classes = len(class_names)
    totals = torch.zeros(n_classes, dtype=torch.float64, device=test.device)
    totals.index_add_(0, test.labels, confidences)
    counts = torch.bincount(test.labels, minlength=n_classes)
    for name, count in zip(class_names, counts.tolist(), strict=True):
        if count == 0:
            raise MethodError(f"Class {name!r} has no held-out image to take its threshold from.")
    return (totals / counts).float()
