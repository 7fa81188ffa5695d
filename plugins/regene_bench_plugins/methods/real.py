"""Held-out real images: what a perfect generator would score."""

from __future__ import annotations

import torch
from torch import Tensor

from regene_bench.api import (
    BenchmarkData,
    DeviceImages,
    Generation,
    Method,
    MethodError,
    Runtime,
    SampleRng,
    to_float,
)


class RealImages:
    """A generator that returns test images of the asked labels.

    A class's images are permuted once by the sampling seed, and sample ``i`` takes the one at
    ``i`` modulo their number. Labels that are sorted by class, as the benchmark lays them out, thus
    get no image twice as long as the class has enough.

    Args:
        images: Held-out images.
        class_names: Names in label order.
    """

    def __init__(self, images: DeviceImages, class_names: tuple[str, ...]) -> None:
        self._images = images
        self._names = class_names
        self._members = [images.of_class(label) for label in range(len(class_names))]

    @torch.inference_mode()
    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        """Return one held-out image per label, int64 ``[N]``.

        Raises:
            MethodError: A class has no held-out image.
        """
        wanted = labels.tolist()
        orders = {label: self._order(label, rng.seed) for label in set(wanted)}
        indices = [
            orders[label][(rng.start + i) % len(orders[label])] for i, label in enumerate(wanted)
        ]
        chosen = torch.tensor(indices, dtype=torch.int64, device=self._images.device)
        return Generation(to_float(self._images.images[chosen]))

    def _order(self, label: int, seed: int) -> list[int]:
        members = self._members[label].tolist()
        if not members:
            raise MethodError(f"Class {self._names[label]!r} has no held-out image.")
        permutation = SampleRng(seed).numpy(label, "real images").permutation(len(members))
        return [members[k] for k in permutation]


class Real(Method):
    """The reference row of every table; it trains nothing."""

    is_reference = True

    def fit(self, data: BenchmarkData, runtime: Runtime) -> RealImages:
        """Return the held-out images as a generator."""
        return RealImages(data.test, data.class_names)
