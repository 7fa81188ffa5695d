"""Sets of images made of other sets: as many of each class as elsewhere, without copies, joined."""

from __future__ import annotations

import torch
from torch import Tensor

from regene_bench.api import DeviceImages, derive_seed


def subset_per_class_like(labels: Tensor, images: DeviceImages, fingerprint: str) -> DeviceImages:
    """Choose as many images of each class as there are labels of it, or all if there are fewer.

    Args:
        labels: int64 ``[N]``; only how often each class occurs matters.
        images: What is chosen from.
        fingerprint: Of the data set; the choice depends on it and on the numbers alone.

    Returns:
        The chosen images, class by class.
    """
    return images.subset(rows_per_class_like(labels, images, fingerprint))


def rows_per_class_like(labels: Tensor, images: DeviceImages, fingerprint: str) -> Tensor:
    """The rows of the images that ``subset_per_class_like`` chooses, int64 ``[M]``."""
    chosen = []
    for label in torch.unique(labels).tolist():
        of_class = images.of_class(label)
        generator = torch.Generator().manual_seed(derive_seed("cas", fingerprint, label))
        order = torch.randperm(len(of_class), generator=generator).to(of_class.device)
        chosen.append(of_class[order[: int((labels == label).sum())]])
    return torch.cat(chosen)


def without_copies(test: DeviceImages, generated: DeviceImages) -> DeviceImages:
    """Leave out the test images that are, value for value, among the generated ones."""
    known = {_bytes(image) for image in generated.images.cpu()}
    fresh = [_bytes(image) not in known for image in test.images.cpu()]
    return test.subset(torch.tensor(fresh, device=test.device).nonzero().flatten())


def joined(first: DeviceImages, second: DeviceImages) -> DeviceImages:
    """The images and labels of two sets, one set after the other."""
    return DeviceImages(
        torch.cat([first.images, second.images]), torch.cat([first.labels, second.labels])
    )


def _bytes(image: Tensor) -> bytes:
    content: bytes = image.contiguous().numpy().tobytes()
    return content
