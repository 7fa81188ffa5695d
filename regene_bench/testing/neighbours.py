"""Contracts of data sources that show in the nearest training image of each test image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from regene_bench.data.shapes import Split
from regene_bench.data.source import ImageSet
from regene_bench.testing.check import NotApplicable, require

# images are compared as grey ones of at most so many pixels a side
_SIDE = 16
_MOST_QUERIES = 500
_CHUNK = 4096
# so many of the test images may have a near-duplicate, beyond twice the share within training
_MOST_NEAR = 0.05
# chance alone does not reach four standard deviations of a share
_DEVIATIONS = 4


@dataclass(frozen=True)
class Neighbours:
    """The nearest training images of some images of a split.

    Attributes:
        places: Which images these are, int64 ``[Q]``.
        distances: To the nearest training image that is another one, float32 ``[Q]``.
        labels: The nearest training images' labels, int64 ``[Q]``.
    """

    places: np.ndarray
    distances: Tensor
    labels: np.ndarray


class HasNeighbours(Protocol):
    """A subject that has loaded both splits."""

    @property
    def loaded(self) -> Mapping[Split, ImageSet]: ...

    @property
    def neighbours(self) -> Mapping[Split, Neighbours]: ...


def find_neighbours(loaded: Mapping[Split, ImageSet]) -> dict[Split, Neighbours]:
    """Find the nearest training image of up to 500 images of each split."""
    train = loaded["train"]
    points = _points(train.images)
    found: dict[Split, Neighbours] = {}
    for split, images in loaded.items():
        step = max(1, -(-len(images.images) // _MOST_QUERIES))
        places = np.arange(0, len(images.images), step)
        own = torch.from_numpy(places) if split == "train" else None
        distances, nearest = _nearest(_points(images.images[places]), points, own)
        found[split] = Neighbours(places, distances, train.labels[nearest.numpy()])
    return found


def splits_share_no_near_duplicate(subject: HasNeighbours) -> None:
    """Test images are no nearer to training images than these are to each other: none is a
    training image in another brightness, size or compression. Where half of the training images
    have near-duplicates among themselves this cannot be told.

    Mend: split originals first, and crop, scale or recompress each split by itself; keep pictures
    of one scene on one side.
    """
    train, test = subject.neighbours["train"], subject.neighbours["test"]
    # equal images are the matter of splits-share-no-image
    known = {image.tobytes() for image in subject.loaded["train"].images}
    images = subject.loaded["test"].images
    others = torch.tensor([images[place].tobytes() not in known for place in test.places])
    near = float(train.distances.median()) / 2
    if near == 0 or not bool(others.any()):
        raise NotApplicable("nearly all images have doubles: nearness says nothing")
    share = float((test.distances[others] < near).double().mean())
    within = float((train.distances < near).double().mean())
    require(
        share <= 2 * within + _MOST_NEAR,
        f"{share:.0%} of the test images have a training image nearer than {near:.3g}; of the "
        f"training images {within:.0%} have one",
    )


def labels_mean_the_same_in_both_splits(subject: HasNeighbours) -> None:
    """Labels of both splits belong to their images, and mean the same classes: test images have
    the labels of their nearest training images more often as they are than moved on by some
    classes or by one image. Where pixels say nothing of the labels this cannot be told.

    Mend: number classes once, for both splits; count from 0 in both; keep images and labels in one
    list while files are sorted or left out.
    """
    n_classes = len(subject.loaded["train"].class_names)
    train, test = subject.neighbours["train"], subject.neighbours["test"]
    own = subject.loaded["train"].labels[train.places]
    inside = float(np.mean(own == train.labels))
    shares = np.bincount(own, minlength=n_classes) / len(own)
    chance = float(np.square(shares).sum())
    if inside - chance < _slack(len(own)):
        raise NotApplicable(
            f"the nearest image has the same label for {inside:.0%} of the training images, by "
            f"chance {chance:.0%}: pixels say nothing of the labels"
        )
    labels = subject.loaded["test"].labels
    agrees = float(np.mean(labels[test.places] == test.labels))
    best, how = max(
        (float(np.mean(moved[test.places] == test.labels)), how)
        for moved, how in _moved(labels, n_classes)
    )
    require(
        best - agrees < _slack(len(test.places)),
        f"{agrees:.0%} of the test images have the label of the nearest training image; {how} "
        f"{best:.0%} would have it",
    )
    if agrees - chance < _slack(len(test.places)):
        raise NotApplicable(
            f"{agrees:.0%} of the test images have the label of the nearest training image, by "
            f"chance {chance:.0%}, and no other order of the labels fits better"
        )


def _moved(labels: np.ndarray, n_classes: int) -> Iterator[tuple[np.ndarray, str]]:
    """Labels as they would be if they were counted from elsewhere, or belonged to a neighbour."""
    for classes in range(1, n_classes):
        yield (labels + classes) % n_classes, f"with labels moved on by {classes} of the classes"
    for images in (1, -1):
        yield np.roll(labels, images), f"with labels moved by {images} in the order of images"


def _slack(n: int) -> float:
    return float(_DEVIATIONS * np.sqrt(0.25 / n))


def _points(images: np.ndarray) -> Tensor:
    """Grey images of at most 16×16 pixels as vectors, float32 ``[N, D]`` in [0, 1]."""
    height, width = images.shape[2:]
    size = (min(_SIDE, height), min(_SIDE, width))
    parts = []
    for start in range(0, len(images), _CHUNK):
        part = torch.from_numpy(np.array(images[start : start + _CHUNK])).float().div_(255)
        parts.append(F.adaptive_avg_pool2d(part.mean(dim=1, keepdim=True), size).flatten(1))
    return torch.cat(parts)


def _nearest(queries: Tensor, points: Tensor, own: Tensor | None) -> tuple[Tensor, Tensor]:
    """Distance ``[Q]`` and place ``[Q]`` of the nearest point; ``own`` are places left out."""
    distances = torch.full((len(queries),), torch.inf)
    places = torch.zeros(len(queries), dtype=torch.int64)
    for start in range(0, len(points), _CHUNK):
        found = torch.cdist(queries, points[start : start + _CHUNK])
        if own is not None:
            inside = (own >= start) & (own < start + found.shape[1])
            found[inside.nonzero().flatten(), own[inside] - start] = torch.inf
        nearest = found.min(dim=1)
        nearer = nearest.values < distances
        distances[nearer] = nearest.values[nearer]
        places[nearer] = nearest.indices[nearer] + start
    return distances, places
