"""What is compared with what: the same labels and real images for every run of a protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regene_bench.data.device_images import DeviceImages
from regene_bench.data.shapes import Split

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
