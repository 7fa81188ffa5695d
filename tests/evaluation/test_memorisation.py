"""Memorisation is told by the training samples' own distances."""

from __future__ import annotations

import torch
from torch import Tensor

from regene_bench.evaluation.memorisation import nearness


def points(*values: float) -> Tensor:
    return torch.tensor(values)[:, None]


def test_a_sample_is_memorised_where_training_samples_lie_farther_apart() -> None:
    training = points(0.0, 1.0, 10.0, 20.0)
    found = nearness(points(0.5, 1.5, 13.0, 22.0, -2.0), training)
    assert found.distance.tolist() == [0.5, 0.5, 3.0, 2.0, 2.0]
    assert found.own.tolist() == [1.0, 1.0, 9.0, 10.0, 1.0]
    assert found.memorised.tolist() == [True, True, True, True, False]


def test_a_training_set_handed_back_is_memorised_throughout() -> None:
    training = torch.randn(80, 6, generator=torch.Generator().manual_seed(0))
    found = nearness(training.flip(0), training)
    assert found.distance.eq(0).all()
    assert found.memorised.all()


def test_a_copy_of_a_training_image_that_is_there_twice_is_memorised() -> None:
    found = nearness(points(3.0, 3.5), points(3.0, 3.0, 4.5))
    assert found.own.tolist() == [0.0, 0.0]
    assert found.memorised.tolist() == [True, False]


def test_shares_agree_with_the_whole_matrices_of_distances() -> None:
    generator = torch.Generator().manual_seed(1)
    training = torch.randn(120, 3, generator=generator)
    samples = torch.randn(90, 3, generator=generator)
    among = torch.cdist(training, training).fill_diagonal_(torch.inf).min(dim=0).values
    to_samples = torch.cdist(training, samples).min(dim=0)
    authentic = among[to_samples.indices] < to_samples.values
    found = nearness(samples, training)
    assert torch.equal(~found.memorised, authentic)
    assert 0 < int(authentic.sum()) < 90


def test_further_neighbours_are_kept_on_request() -> None:
    found = nearness(points(1.9), points(0.0, 2.0, 3.0), k=2)
    assert found.neighbours.indices.tolist() == [[1, 2]]
    assert found.own.tolist() == [1.0]
