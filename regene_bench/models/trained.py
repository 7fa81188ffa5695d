"""A trained model as people use it: no runtime, no random generator, labels by name or number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import index
from typing import Any

import numpy as np
import torch
from torch import Tensor

from regene_bench.base.errors import MethodError, UsageError
from regene_bench.data.shapes import ImageShape
from regene_bench.harness.model_description import ModelDescription
from regene_bench.harness.sample import generations
from regene_bench.models.layout import labels_named
from regene_bench.runtime.random import SampleRng, derive_seed
from regene_bench.runtime.runtime import Runtime
from regene_bench.training.capabilities import CAPABILITIES, Generation, has_capability

Labels = int | str | Sequence[int | str] | np.ndarray | Tensor


class TrainedModel:
    """A model that was trained, with what its method taught it to do.

    ``regene_bench.load`` makes it. Images are float32 ``[N, C, H, W]`` in [0, 1]; tensors may come
    from any device and are returned on the model's.

    Attributes:
        description: What it is: method, parameters, seed, benchmark, class names.
        raw: The method's own model, for whatever else that can do.
        device: Where it computes.
    """

    def __init__(self, description: ModelDescription, raw: Any, runtime: Runtime) -> None:
        self.description = description
        self.raw = raw
        self.device = runtime.device
        self._runtime = runtime

    def __repr__(self) -> str:
        what = f"{self.description.method} on {self.description.protocol.name}"
        can = ", ".join(self.capabilities)
        return f"<TrainedModel {what}, seed {self.description.seed}, can {can}>"

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the K classes in label order."""
        return tuple(self.description.class_names)

    @property
    def shape(self) -> ImageShape:
        """Shape of the images, and the number of classes."""
        return self.description.protocol.data.shape

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What it can do, of ``encode``, ``decode``, ``generate``, ``classify``, …."""
        return tuple(word for word in CAPABILITIES if has_capability(self.raw, word))

    def generate(self, labels: Labels, *, seed: int | None = None, start: int = 0) -> Generation:
        """Generate one image per label.

        Args:
            labels: A class by its name or number, or one for each image: ``"frog"``,
                ``["frog", 3]``, int64 ``[N]``.
            seed: Other seeds, other images; the seed of the model's own run if ``None``. The same
                seed, ``start`` and labels give the same images.
            start: Index of the first image in the endless sequence of the seed.

        Returns:
            Images float32 ``[N, C, H, W]``, with latents and counts of trials where the method
            knows them.

        Raises:
            UsageError: There is no such class, or the start is below 0.
            MethodError: The model breaks its contract.
        """
        self.require("generate")
        wanted = self._labels(labels)
        if start < 0:
            raise UsageError(f"There is no image {start}.", hint="Give a start from 0.")
        rng = self.rng(seed).at(start)
        parts = [
            part for _, part in generations(self.raw, wanted, self.shape, rng, self._runtime.stop)
        ]
        latents = [part.latents for part in parts if part.latents is not None]
        kinds = {kind for part in parts for kind in part.trials or {}}
        return Generation(
            torch.cat([part.images.float() for part in parts]),
            torch.cat(latents) if len(latents) == len(parts) else None,
            {kind: torch.cat([(part.trials or {})[kind] for part in parts]) for kind in kinds}
            or None,
            all(part.labelled for part in parts),
        )

    def rng(self, seed: int | None = None) -> SampleRng:
        """The random streams of a seed's samples; of the run's own seed if ``None``."""
        return SampleRng(derive_seed(self._runtime.seed if seed is None else seed, "samples"))

    def encode(self, images: Tensor) -> Tensor:
        """Map images to latents, float32 ``[N, D]``."""
        self.require("encode")
        latents: Tensor = self.raw.encode(images.to(self.device))
        return latents

    def decode(self, latents: Tensor) -> Tensor:
        """Map latents ``[N, D]`` to images."""
        self.require("decode")
        images: Tensor = self.raw.decode(latents.to(self.device))
        return images

    def classify(self, images: Tensor) -> Tensor:
        """Map images to logits, float32 ``[N, K]``."""
        self.require("classify")
        logits: Tensor = self.raw.classify(images.to(self.device))
        return logits

    def require(self, capability: str) -> None:
        if not has_capability(self.raw, capability):
            raise MethodError(
                f"A model of {self.description.method} cannot {capability}.",
                hint=f"It can {', '.join(self.capabilities) or 'do nothing that is known here'}.",
            )

    def _labels(self, labels: Labels) -> Tensor:
        if isinstance(labels, Tensor | np.ndarray):
            given = torch.as_tensor(labels)
            if given.ndim > 1 or given.is_floating_point() or given.is_complex():
                raise UsageError(
                    f"Labels are {str(given.dtype).removeprefix('torch.')} {list(given.shape)}.",
                    hint="Give whole numbers [N], a class for each image (of one-hot rows, "
                    "labels.argmax(1)).",
                )
            numbers = given.reshape(-1).long()
        else:
            words: list[Any] = [labels]
            if isinstance(labels, Iterable) and not isinstance(labels, str):
                words = list(labels)
            numbers = torch.tensor([self._number(word) for word in words], dtype=torch.int64)
        if not len(numbers):
            raise UsageError("There are no labels.", hint="Give one for each image that is wanted.")
        known = len(self.class_names)
        wrong = numbers[(numbers < 0) | (numbers >= known)]
        if len(wrong):
            raise UsageError(
                f"There is no class {int(wrong[0])}.", hint=f"Classes are 0 to {known - 1}."
            )
        return numbers.to(self.device)

    def _number(self, word: int | str) -> int:
        if isinstance(word, str):
            return labels_named([word], self.class_names)[0]
        try:
            return index(word)
        except TypeError:
            raise UsageError(
                f"{word!r} is no label.", hint="Give a class by its name or its whole number."
            ) from None
