"""Real images against real images."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from regene_bench.base.errors import MethodError
from regene_bench.evaluation.frechet import frechet_distance
from regene_bench.evaluation.real_distances import split_distances

from .builders import gaussian


def one_class(n: int) -> torch.Tensor:
    return torch.zeros(n, dtype=torch.int64)


@pytest.mark.parametrize("dimension", [2, 20])
def test_each_distance_is_of_a_subset_from_the_rest(dimension: int) -> None:
    features = gaussian(9, dimension, 0)
    found = split_distances(features, one_class(9), 3, splits=40)
    possible = []
    for a in range(9):
        for b in range(a):
            for c in range(b):
                part = [a, b, c]
                rest = [i for i in range(9) if i not in part]
                possible.append(frechet_distance(features[part], features[rest]))
    assert len(possible) == 84
    for distance in found.tolist():
        assert min(abs(distance - other) for other in possible) < 1e-9
    assert len(set(found.tolist())) > 20


def test_it_is_what_another_sample_of_the_same_distribution_has() -> None:
    features = gaussian(3000, 6, 0)
    within = split_distances(features, one_class(3000), 400, splits=20)
    others = np.array([frechet_distance(features, gaussian(400, 6, s + 1)) for s in range(20)])
    assert float(within.mean()) == pytest.approx(others.mean(), rel=0.35)
    assert float(within.std()) > 0


def test_fewer_images_are_further_off() -> None:
    features = gaussian(2000, 6, 0)
    few, many = (split_distances(features, one_class(2000), size).mean() for size in (50, 1000))
    assert few > 5 * many


@pytest.mark.parametrize("size", [10, 25, 90])
def test_both_parts_have_the_classes_of_the_whole(size: int) -> None:
    # classes far apart, with their number of images as the only difference between parts
    labels = torch.tensor([0] * 50 + [1] * 30 + [2] * 20).roll(13)
    features = 1e3 * torch.nn.functional.one_hot(labels, 3).double()
    unequal = float(split_distances(features, one_class(100), size).mean())
    assert float(split_distances(features, labels, size).mean()) < 0.2 * unequal


def test_every_image_has_its_turn() -> None:
    # all but one are alike: in the subset of 4 it adds 2.5² + 25, in the other 16 0.625² + 6.25
    features = torch.zeros(20, 1)
    features[7] = 10
    found = split_distances(features, torch.arange(20) % 2, 4, splits=200)
    inside = torch.isclose(found, torch.tensor(31.25, dtype=torch.float64))
    outside = torch.isclose(found, torch.tensor(6.640625, dtype=torch.float64))
    assert bool((inside | outside).all())
    assert 0.1 < float(inside.double().mean()) < 0.3


def test_labels_of_other_images_are_refused() -> None:
    with pytest.raises(MethodError, match="9 labels do not fit 10 images"):
        split_distances(gaussian(10, 3, 0), one_class(9), 4)


def test_equal_images_are_at_zero() -> None:
    assert split_distances(torch.full((30, 4), 3.0), one_class(30), 10).tolist() == [0.0] * 10


def test_the_splits_are_fixed_by_their_seed() -> None:
    features = gaussian(60, 4, 0)
    first = split_distances(features, one_class(60), 20)
    torch.manual_seed(7)
    assert torch.equal(split_distances(features, one_class(60), 20), first)
    assert not torch.equal(split_distances(features, one_class(60), 20, seed=1), first)


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11])
def test_two_images_must_be_left_on_either_side(size: int) -> None:
    with pytest.raises(MethodError, match="cannot be split"):
        split_distances(gaussian(10, 3, 0), one_class(10), size)


def test_features_that_are_not_finite_are_refused() -> None:
    with pytest.raises(MethodError, match="not finite"):
        split_distances(torch.full((10, 3), torch.nan), one_class(10), 4)
