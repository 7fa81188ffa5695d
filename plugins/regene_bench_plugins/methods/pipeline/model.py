"""Draws a model's images for the benchmark's labels, and looks at what comes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from regene_bench.api import Generation, ImageShape, MethodError, SampleRng
from regene_bench_plugins.methods.pipeline.sampler import Sampler


class PipelineModel:
    """A generator of somebody else's images.

    Args:
        sampler: The opened model.
        classes: Its class for each of the benchmark's labels.
        shape: The benchmark's images.
        batch_size: Images drawn together.
        resize: Whether images of another size are resized.
    """

    def __init__(
        self,
        sampler: Sampler,
        classes: Sequence[int],
        shape: ImageShape,
        *,
        batch_size: int,
        resize: bool,
    ) -> None:
        self._sampler = sampler
        self._classes = torch.tensor(classes, dtype=torch.int64)
        self._shape = shape
        self._batch_size = batch_size
        self._resize = resize

    @torch.inference_mode()
    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        """Draw one image per label, int64 ``[N]``.

        All calls of the model have equally many images, the last one's are filled up: a network's
        sums depend on how many images it has at once.

        Raises:
            MethodError: What comes are no such images.
        """
        wanted = self._classes.to(labels.device)[labels]
        parts = []
        for start in range(0, len(wanted), self._batch_size):
            some = wanted[start : start + self._batch_size]
            count = len(some)
            some = torch.cat([some, some[-1:].expand(self._batch_size - count)])
            drawn = self._sampler.draw(some, rng.at(rng.start + start))
            parts.append(self._fit(drawn)[:count])
        return Generation(torch.cat(parts), labelled=self._sampler.labelled)

    def _fit(self, images: Tensor) -> Tensor:
        """Bring images to the benchmark's size.

        Raises:
            MethodError: They have other channels, values that are not finite, or another size.
        """
        shape = self._shape
        if not bool(images.isfinite().all()):
            raise MethodError("pipeline.source gave values that are not finite.")
        if images.shape[1] != shape.channels:
            raise MethodError(
                f"pipeline.source gave images of {images.shape[1]} channels; the benchmark's have "
                f"{shape.channels}.",
                hint="Wrap it in a function that converts them, and give "
                "pipeline.source=FILE.py:function.",
            )
        size = (shape.height, shape.width)
        if images.shape[2:] != size:
            if not self._resize:
                found = "×".join(map(str, images.shape[2:]))
                raise MethodError(
                    f"pipeline.source gave images of {found} pixels; the benchmark's have "
                    f"{shape.height}×{shape.width}.",
                    hint="Set pipeline.resize=true to resize them (bicubic, antialiased).",
                )
            images = F.interpolate(images, size, mode="bicubic", antialias=True)
        return images.clamp(0, 1)
