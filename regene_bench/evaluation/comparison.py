"""What is compared with what: the same labels and real images for every run of a protocol."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor

from regene_bench.data.device_images import DeviceImages
from regene_bench.data.shapes import Split
from regene_bench.runtime.random import derive_seed


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


def stratified_labels(labels: Tensor, n: int, keep: Collection[int] | None = None) -> Tensor:
    """Lay out ``n`` labels in the class proportions of ``labels``, sorted by class.

    Shares are rounded by largest remainder. Sorting makes the samples of one class contiguous, so
    that a generator which draws without repetition can count within the class by sample index.

    Args:
        labels: int64 ``[M]``, the split whose proportions are taken.
        n: Number of labels wanted.
        keep: Only these classes, if given.

    Returns:
        int64 ``[n]`` on the device of ``labels``.
    """
    counts = torch.bincount(labels.cpu()).double()
    if keep is not None:
        mask = torch.zeros_like(counts)
        mask[list(keep)] = 1
        counts *= mask
    exact = counts / counts.sum() * n
    shares = exact.floor().long()
    remainder = exact - shares
    missing = int(n - shares.sum())
    # Sorting by (-remainder, class) keeps ties in class order on every platform.
    order = sorted(range(len(counts)), key=lambda c: (-float(remainder[c]), c))
    for c in order[:missing]:
        shares[c] += 1
    return torch.repeat_interleave(torch.arange(len(counts)), shares).to(labels.device)


def reference_images(
    images: DeviceImages, n: int, fingerprint: str, keep: Collection[int] | None = None
) -> DeviceImages:
    """Choose the real images of a comparison: the same ones for every run of a protocol.

    Args:
        images: The reference split.
        n: How many; all of them if the split has no more.
        fingerprint: The data set's, which seeds the choice.
        keep: Only these classes, if given.
    """
    indices = torch.arange(len(images))
    if keep is not None:
        indices = indices[torch.isin(images.labels.cpu(), torch.tensor(sorted(keep)))]
    if n < len(indices):
        generator = torch.Generator().manual_seed(derive_seed("reference", fingerprint))
        chosen = torch.randperm(len(indices), generator=generator)[:n]
        indices = indices[chosen.sort().values]
    return images.subset(indices.to(images.device))
