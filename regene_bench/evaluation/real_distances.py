"""The Fréchet distance of real images from real images: what a perfect generator would score."""

from __future__ import annotations

import torch
from torch import Tensor

from regene_bench.base.errors import MethodError, TooFewImagesError
from regene_bench.evaluation.frechet import frechet_distance, frechet_from_moments
from regene_bench.evaluation.moments import check_features, moments_of, without
from regene_bench.runtime.stop import StopCheck, no_stop


def split_distances(
    features: Tensor,
    labels: Tensor,
    size: int,
    *,
    splits: int = 10,
    seed: int = 2020,
    between: StopCheck = no_stop,
) -> Tensor:
    """Distances of random subsets of real features from all the remaining ones.

    A finite sample is some way off its own distribution, the further the fewer its images. A subset
    as large as the generated set shows how far, with nothing but the number of images to blame.
    Both parts have the class proportions of the whole, as generated sets do: parts that differ in
    their classes are further apart.

    Args:
        features: ``[N, D]`` of real images.
        labels: int64 ``[N]`` in [0, K), their classes.
        size: Images in the subset; the other side has ``N − size``.
        splits: How many times to split.
        seed: Of the random choice.
        between: Called before each split; it may raise to stop.

    Returns:
        float64 ``[splits]`` on the CPU.

    Raises:
        MethodError: Fewer than two images on a side, other than one label an image, or values that
            are not finite.
    """
    check_features(features)
    n = len(features)
    if len(labels) != n:
        raise MethodError(
            f"{len(labels)} labels do not fit {n} images.", hint="Give one label an image."
        )
    if not 2 <= size <= n - 2:
        raise TooFewImagesError(
            f"{n} images cannot be split into {size} and {n - size}.",
            hint="Leave two or more on either side.",
        )
    draw = torch.Generator().manual_seed(seed)
    everything = moments_of(features)
    distances = []
    for _ in range(splits):
        between()
        order = _mixed_order(labels.cpu(), draw).to(features.device)
        subset, rest = features[order[:size]], features[order[size:]]
        if len(rest) < features.shape[1]:  # then the samples themselves are the smaller matrices
            distances.append(frechet_distance(subset, rest))
        else:
            part = moments_of(subset)
            distances.append(frechet_from_moments(part, without(everything, part)))
    return torch.tensor(distances, dtype=torch.float64)


def _mixed_order(labels: Tensor, draw: torch.Generator) -> Tensor:
    """A random order ``[N]`` in which every stretch has about the classes of the whole.

    The i-th of a class's n images comes at a random place of the i-th of n equal stretches.
    """
    n = len(labels)
    order = torch.randperm(n, generator=draw)
    by_class = order[labels[order].argsort(stable=True)]
    counts = torch.bincount(labels)
    first = counts.cumsum(0) - counts
    own = labels[by_class]
    place = torch.arange(n) - first[own] + torch.rand(n, generator=draw, dtype=torch.float64)
    return by_class[(place / counts[own]).argsort()]
