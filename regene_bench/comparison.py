"""What is compared with what: the same labels and real images for every run of a protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regene_bench.benchmark import Benchmark
from regene_bench.data.dataset import BenchmarkData, DeviceImages
from regene_bench.evaluation.labels import reference_images, stratified_labels
from regene_bench.interfaces import Preset, Split

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Comparison:
    """The two sides of a comparison.

    Attributes:
        labels: int64 ``[N]``, sorted: the labels that every method generates for.
        train: The training images that generated ones may be compared with.
        test: The held-out ones.
        reference_split: Which of both the protocol compares with.
    """

    labels: Tensor
    train: DeviceImages
    test: DeviceImages
    reference_split: Split

    def real(self, split: Split | None = None) -> DeviceImages:
        """The real images of a split; of the protocol's own if none is named."""
        return self.train if (split or self.reference_split) == "train" else self.test


def make_comparison(benchmark: Benchmark, preset: Preset, data: BenchmarkData) -> Comparison:
    """Lay out labels and choose real images as the protocol says."""
    chosen = benchmark.evaluation.generate_classes
    keep = None if chosen is None else [data.class_names.index(name) for name in chosen]
    table = benchmark.presets[preset]
    return Comparison(
        labels=stratified_labels(data.test.labels, table.n_generated, keep),
        train=reference_images(data.train, table.n_reference, data.fingerprint, keep),
        test=reference_images(data.test, table.n_reference, data.fingerprint, keep),
        reference_split=benchmark.evaluation.reference_split,
    )
